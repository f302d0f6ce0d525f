"""Sphinx extension: what the page of a class shows, and links in docstrings.

`shown_methods` and `shown_attributes` are for the templates in ``docs/_templates``.
"""

import re
from importlib import import_module

__all__ = ["setup", "shown_attributes", "shown_methods"]

# Metadata routing: scikit-learn documents it once for all estimators.
ROUTING = re.compile(r"(get_metadata_routing|set_\w+_request)$")
# Methods of a library's base class that nobody looks up here.
BASES = ("torch.", "abc", "enum", "builtins")


def found(fullname):
    """Return the class of this name."""
    module, _, name = fullname.rpartition(".")
    return getattr(import_module(module), name)


def home(cls, name):
    """Return the module of the class that defines a member."""
    return next(base.__module__ for base in cls.__mro__ if name in vars(base))


def shown_methods(fullname):
    """Return the public methods, and `__call__`, of a class."""
    cls = found(fullname)
    names = [
        name
        for name in dir(cls)
        if callable(getattr(cls, name, None))
        and not (name.startswith("_") or ROUTING.match(name))
        and not home(cls, name).startswith(BASES)
    ]
    return names + ["__call__"] * ("__call__" in vars(cls))


def shown_attributes(fullname):
    """Return the properties of a class that its docstring does not list."""
    cls = found(fullname)
    listed = set(re.findall(r"^ *(\w+) : ", cls.__doc__ or "", re.MULTILINE))
    return [
        name
        for name in dir(cls)
        if isinstance(getattr(cls, name, None), property)
        and not name.startswith("_")
        and name not in listed
        and not home(cls, name).startswith(BASES)
    ]


def with_links(app, what, name, thing, options, lines):
    """Make links of pages that a docstring names, and text of scikit-learn's labels."""
    text = re.sub(r"\bdocs/(\w+)\.md\b", r":doc:`/\1`", "\n".join(lines))
    if "sphinx.ext.intersphinx" not in app.extensions:
        text = re.sub(r":ref:`([^`<]*?)(?:\s*<[^`]*>)?`", r"\1", text)
        text = re.sub(r"\bsphx_glr_auto_examples_\w+?_(plot_\w+\.py)", r"\1", text)
    lines[:] = text.split("\n")


def setup(app):
    """Register the hook."""
    app.connect("autodoc-process-docstring", with_links)
    return {"parallel_read_safe": True}
