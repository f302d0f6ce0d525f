"""Sphinx extension: what the page of a class shows, and links in docstrings.

`shown_methods` and `shown_attributes` are for the templates in ``docs/_templates``.
"""

import re
from functools import cache, cached_property
from importlib import import_module
from inspect import getattr_static, isclass
from pkgutil import iter_modules

from numpydoc.docscrape_sphinx import SphinxDocString
from sphinx.pycode import ModuleAnalyzer

import skset

__all__ = ["setup", "shown_attributes", "shown_methods"]

# Metadata routing: scikit-learn documents it once for all estimators.
ROUTING = re.compile(r"(get_metadata_routing|set_\w+_request)$")
# Methods of a library's base class that nobody looks up here.
BASES = ("torch.", "abc", "enum", "builtins")
# Nobody makes an instance of these: functions do.
MADE = ("skset.anndata.CellBlocks",)

# In scikit-learn's texts: versions, which a reader would take for versions of skset,
# and a paragraph about pages that are not here.
VERSIONS = re.compile(
    r"^( *)\.\. version(?:added|changed)::.*(?:\n\1 +.*)*\n?", re.MULTILINE
)
ELSEWHERE = re.compile(
    r"^Refer to the [^\n]*user guide.*?(?=\n\n|\Z)", re.M | re.DOTALL
)

# Of these classes only some members are public: users' own code may rely on them.
PUBLIC = {
    "skset.model.Network": "from_csr weighted_sums dtype n_units nnz n_possible hidden "
    "copy frozen",
    "skset.model.RBM": "from_csr mean_hiddens mean_visibles gibbs reconstructed "
    "free_energy pseudo_log_likelihood layer dtype n_units nnz n_possible copy frozen",
    "skset.model.Layer": "to_csr copy",
    "skset.model.Samples": "",
    "skset.model.Loss": "check_targets __call__",
    "skset.topology.Topology": "from_positions empty nnz n_free density fan_in fan_out "
    "in_units positions has with_positions to_csr",
    "skset.callbacks.Checkpoint": "",
    "skset.callbacks.TopologyLog": "to_frame",
    "skset.inspection.LoggedRun": "rows",
    "skset.inspection.Rival": "",
    "skset.estimators.ClassifierParts": "",
    "skset.estimators.RegressorParts": "",
    "skset.estimators.SelectorParts": "",
    "skset.estimators.MachineParts": "",
    "skset.anndata.CellBlocks": "",
    "skset.torch.SETConvNet": "forward",
    "skset.torch.SETLinear": "from_linear from_csr nnz density topology rewire forward "
    "to_dense to_csr",
    "skset.torch.TopologyUpdate": "step state_dict load_state_dict",
    "skset.torch.skorch.EvolveTopology": "",
}


def found(fullname):
    """Return the class of this name."""
    module, _, name = fullname.rpartition(".")
    return getattr(import_module(module), name)


def home(cls, name):
    """Return the class that defines a member."""
    return next(base for base in cls.__mro__ if name in vars(base))


def has_page(cls):
    """Return whether a class is one of the public names of its package."""
    package = ".".join(cls.__module__.split(".")[:2])
    return cls.__name__ in getattr(import_module(package), "__all__", ())


def public(fullname):
    """Return the names of the members that may be shown, or None for all."""
    if fullname in PUBLIC:
        return PUBLIC[fullname].split()
    known = {name.rpartition(".")[2]: of for name, of in PUBLIC.items()}
    bases = [base.__name__ for base in found(fullname).__mro__]
    return next((known[name].split() for name in bases if name in known), None)


def members(fullname):
    """Return the class, and the names of its own members that may be shown."""
    cls = found(fullname)
    allowed = public(fullname)
    if allowed is not None:
        return cls, [name for name in allowed if hasattr(cls, name)]
    names = [
        name
        for name in dir(cls)
        if not (name.startswith("_") or ROUTING.match(name))
        and not home(cls, name).__module__.startswith(BASES)
    ]
    ours = [base for base in cls.__mro__ if base.__module__.startswith("skset.")]
    return cls, names + ["__call__"] * any("__call__" in vars(base) for base in ours)


def shown_methods(fullname):
    """Return the public methods, and `__call__`, of a class."""
    cls, names = members(fullname)
    return [name for name in names if callable(getattr(cls, name))]


def shown_attributes(fullname):
    """Return the properties of a class that its docstring does not list.

    Those of a base class are on the page of that class.
    """
    cls, names = members(fullname)
    _, _, attributes = (cls.__doc__ or "").partition("Attributes\n")
    listed = set(re.findall(r"^ *(\w+) : ", attributes, re.MULTILINE))
    kinds = property, cached_property
    return [
        name
        for name in names
        if isinstance(getattr_static(cls, name), kinds)
        and name not in listed
        and (home(cls, name) is cls or not has_page(home(cls, name)))
    ]


def with_links(app, what, name, thing, options, lines):
    """Make links of pages that a docstring names, and text of scikit-learn's labels."""
    text = re.sub(r"\bdocs/(\w+)\.md\b", r":doc:`/\1`", "\n".join(lines))
    if str(getattr(thing, "__module__", "")).startswith("sklearn."):
        text = VERSIONS.sub("", text)
    if "sphinx.ext.intersphinx" not in app.extensions:
        text = ELSEWHERE.sub("See scikit-learn's documentation.", text)
        text = re.sub(r":ref:`([^`<]*?)(?:\s*<[^`]*>)?`", r"\1", text)
        text = re.sub(r"\bsphx_glr_auto_examples_\w+?_(plot_\w+\.py)", r"\1", text)
    lines[:] = text.split("\n")


def without_signature(app, what, name, thing, options, signature, returned):
    """Show no signature of a contract, nor of what nobody makes by hand."""
    hidden = getattr(thing, "_is_protocol", False) or name in MADE
    return ("", None) if hidden else None


@cache
def public_classes():
    """Return the public classes of all packages whose libraries are installed."""
    classes = set()
    for place in iter_modules(skset.__path__):
        try:
            module = import_module(f"skset.{place.name}".partition("._")[0])
        except ImportError:
            continue
        names = [*getattr(module, "__all__", ())]
        classes |= {thing for n in names if isclass(thing := getattr(module, n))}
    return classes


@cache
def source_of(name):
    """Return the code of a module and where its definitions are, by their names.

    A method has a name for each public class that inherits it.
    """
    analyzer = ModuleAnalyzer.for_module(name)
    analyzer.find_tags()
    places = dict(analyzer.tags)
    for cls in public_classes():
        for member in dir(cls):
            method = getattr(cls, member, None)
            own = getattr(method, "__qualname__", None)
            if getattr(method, "__module__", None) == name and own in analyzer.tags:
                places.setdefault(f"{cls.__name__}.{member}", analyzer.tags[own])
    return analyzer.code, places


def with_inherited(app, name):
    """Return what viewcode links to, for a module of skset."""
    return source_of(name) if name.startswith("skset.") else None


def with_own_texts(shown):
    """Return numpydoc's method for an entry, but one that keeps the text as written.

    Of an attribute that is a property numpydoc shows the first sentence of the
    property. What the class says of it is longer: ranges, shapes, special cases.
    """

    def process_param(self, name, text, is_attribute):
        return shown(self, name, text, False)

    return process_param


def setup(app):
    """Register the hooks."""
    shown = SphinxDocString._process_param
    SphinxDocString._process_param = with_own_texts(shown)
    app.connect("autodoc-process-docstring", with_links)
    app.connect("viewcode-find-source", with_inherited)
    app.connect("autodoc-process-signature", without_signature)
    return {"parallel_read_safe": True}
