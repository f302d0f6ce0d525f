"""Training on many machines or processes, each with a part of the rows."""

__all__: list[str] = []
