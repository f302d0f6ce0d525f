"""Where results go in an AnnData: checked before the work, written after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from anndata import AnnData

__all__ = ["Results", "check_destination"]


@dataclass(frozen=True)
class Results:
    """Results with the keys that they get in an AnnData.

    Attributes
    ----------
    var, obsm, varm : mapping of str to array-like
        Columns of genes, rows of cells, rows of genes. A column that is None is
        removed: it was of an earlier call.
    uns : mapping of str to mapping
        Parameters and figures. Entries that are None are left out: not every version
        of anndata can write them into a file.
    """

    var: Mapping[str, Any] = field(default_factory=dict)
    obsm: Mapping[str, Any] = field(default_factory=dict)
    varm: Mapping[str, Any] = field(default_factory=dict)
    uns: Mapping[str, Any] = field(default_factory=dict)

    def written(self, adata: AnnData, copy: bool) -> AnnData | None:
        """Write everything into adata, or into a copy of it, which is returned."""
        adata = adata.copy() if copy else adata
        for key, column in self.var.items():
            if column is not None:
                adata.var[key] = column
            elif key in adata.var:
                del adata.var[key]
        for key, rows in self.obsm.items():
            adata.obsm[key] = rows
        for key, rows in self.varm.items():
            adata.varm[key] = rows
        for key, entries in self.uns.items():
            adata.uns[key] = _without_none(entries)
        return adata if copy else None


def check_destination(adata: AnnData, key_added: Any, copy: bool) -> None:
    """Raise unless results can be written.

    Raises
    ------
    TypeError
        If the key is no string.
    ValueError
        If the key is empty or has a slash, which separates groups in a file; or if a
        file would have to be copied.
    """
    if not isinstance(key_added, str):
        raise TypeError(f"key_added must be a string: {key_added!r}.")
    if not key_added or "/" in key_added:
        raise ValueError(f"key_added must be a name without '/': {key_added!r}.")
    if copy and adata.isbacked:
        raise ValueError(
            "copy=True would copy the file of a backed AnnData. Results are written "
            "into memory and leave the file as it is, so copy is not needed."
        )


def _without_none(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping, and those inside it, without entries that are None."""
    return {
        key: _without_none(value) if isinstance(value, Mapping) else value
        for key, value in entries.items()
        if value is not None
    }
