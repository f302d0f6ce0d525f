"""Sphinx configuration."""

from importlib.util import find_spec

from skset import __version__

project = "skset"
author = "The skset developers"
copyright = "2026, The skset developers"
version = release = __version__
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build"]
suppress_warnings = []
wings = {
    "api_torch.md": ["torch", "skorch"],
    "api_onnx.md": ["onnx", "skl2onnx"],
    "api_anndata.md": ["anndata"],
}
for page, libraries in wings.items():
    if not all(map(find_spec, libraries)):
        # What needs them is documented where they are installed.
        exclude_patterns.append(page)
        suppress_warnings.append("toc.excluded")
html_theme = "alabaster"
html_theme_options = {"description": "Truly sparse neural networks for scikit-learn"}
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 2
autosummary_generate = True
# The docstrings say types, and shorter: an array-like is a line of unions.
autodoc_typehints = "none"
numpydoc_show_class_members = False
# "ndarray of shape ..." and the like are sentences, not names to be linked.
numpydoc_xref_param_type = False
# Docstrings have the types in words.
autodoc_typehints = "none"
autodoc_preserve_defaults = True
