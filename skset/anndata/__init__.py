"""Genes and cells of an AnnData: selectors and machines in scanpy's manner."""

__all__: list[str] = []
