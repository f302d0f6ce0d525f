"""Sphinx configuration.

Three variables of the environment change a build:

- ``SKSET_DOCS_URL``: the address of the site. With it there is a sitemap, and the
  404 page finds its style sheets. Read the Docs has a variable of its own.
- ``SKSET_DOCS_LINK_OUT=1``: names of other projects become links into their sites.
  This needs the network. Read the Docs does it; without it a build needs none.
- ``SKSET_DOCS_GALLERY=0``: the gallery is written, but its examples are not run.
"""

import re
import shutil
import sys
from importlib.util import find_spec
from os import environ
from pathlib import Path
from urllib.parse import urlparse

from docutils import nodes
from matplotlib import animation

from skset import __version__

HERE = Path(__file__).parent
sys.path.append(str(HERE / "extensions"))
from class_pages import shown_attributes, shown_methods  # noqa: E402
from thumbnails import crop_tall  # noqa: E402

project = "skset"
author = "The skset developers"
copyright = "2026, The skset developers"
version = release = __version__
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "notfound.extension",
    "class_pages",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
templates_path = ["_templates"]
exclude_patterns = [
    "_build",
    "checks",
    "pictures",
    "extensions",
    "generated/backreferences",
]
exclude_patterns += ["auto_examples/*.ipynb", "auto_examples/*.py"]
suppress_warnings = ["config.cache"]  # sphinx_gallery_conf has objects
# What needs these libraries is documented where they are installed.
wings = {"api_torch": ["torch", "skorch"], "api_onnx": ["onnx", "skl2onnx"]}
wings["api_anndata"] = ["anndata"]
for page, libraries in wings.items():
    if not all(map(find_spec, libraries)):
        exclude_patterns.append(f"{page}.md")
        suppress_warnings.append("toc.excluded")

# Addresses and links to other projects.
html_baseurl = environ.get("SKSET_DOCS_URL") or environ.get(
    "READTHEDOCS_CANONICAL_URL", ""
)
notfound_urls_prefix = urlparse(html_baseurl).path or "/"
notfound_context = {
    "title": "Page not found",
    "body": "<h1>Page not found</h1><p>This page may have another name now. "
    "Search for a word of it, above, or begin with a section at the top.</p>",
}
if html_baseurl:
    extensions.append("sphinx_sitemap")
    sitemap_url_scheme = "{link}"
    sitemap_excludes = ["404.html", "search.html", "genindex.html", "py-modindex.html"]
if environ.get("READTHEDOCS") or environ.get("SKSET_DOCS_LINK_OUT") == "1":
    extensions.append("sphinx.ext.intersphinx")
intersphinx_mapping = {
    "python": ("https://docs.python.org/3", None),
    "numpy": ("https://numpy.org/doc/stable", None),
    "scipy": ("https://docs.scipy.org/doc/scipy", None),
    "sklearn": ("https://scikit-learn.org/stable", None),
    "pandas": ("https://pandas.pydata.org/docs", None),
}
intersphinx_timeout = 20
linkcheck_timeout = 20
linkcheck_retries = 2
linkcheck_workers = 4
# Publishers answer programs with 403; DOIs are looked up, and followed no further.
linkcheck_allowed_redirects = {r"https://doi\.org/.*": r".*"}
linkcheck_ignore = [r"http://localhost.*"]

# Pages in Markdown.
myst_enable_extensions = [
    *("colon_fence", "deflist", "dollarmath", "fieldlist", "attrs_inline"),
    *("attrs_block", "substitution"),
]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp"

# Docstrings.
smartquotes = False  # types and defaults are code, and are copied
default_role = "py:obj"  # a name in backticks is a link where it is known
autosummary_generate = True
autosummary_context = {
    "shown_attributes": shown_attributes,
    "shown_methods": shown_methods,
}
toc_object_entries_show_parents = "hide"
# The docstrings say types, and shorter: an array-like is a line of unions.
autodoc_typehints = "none"
autodoc_preserve_defaults = True
numpydoc_show_class_members = False
# "ndarray of shape ..." and the like are sentences, not names to be linked.
numpydoc_xref_param_type = False
# `sphinx-build -n` checks roles that say what they want. Names in plain backticks may
# be parameters, which have no page.
nitpick_ignore_regex = [(r"py:(obj|class)", r".*")]

# Mathematics without a network.
mathjax_path = "mathjax/tex-chtml.js"

# The gallery.
# The player of animations asks another host for its icons. The theme has them here.
animation.JS_INCLUDE = re.sub(r"<link[^>]*>", "", animation.JS_INCLUDE)
has_torch = find_spec("torch") and find_spec("skorch")
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_" if has_torch else r"/plot_(?!set_cnn)",
    "ignore_pattern": r"(^|/)(?!plot_)[^/]*\.py$",
    "plot_gallery": environ.get("SKSET_DOCS_GALLERY") != "0",
    "within_subsection_order": "gallery_order.position",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("skset",),
    "reference_url": {"skset": None},
    "remove_config_comments": True,
    "show_memory": False,
    "write_computation_times": False,
    "show_signature": False,
    "thumbnail_size": (320, 224),
    "image_srcset": ["2x"],
    "matplotlib_animations": True,
    "min_reported_time": 5,
    "copyfile_regex": r".*\.csv",
    "only_warn_on_example_error": False,
    "abort_on_example_error": False,
    "download_all_examples": True,
}

# The site.
html_theme = "pydata_sphinx_theme"
html_title = "skset"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_context = {"default_mode": "auto"}
html_favicon = "_static/logo.svg"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"image_light": "_static/logo.svg", "image_dark": "_static/logo.svg"}
    | {"text": "skset", "alt_text": "skset, start page"},
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "show_prev_next": True,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "search_bar_text": "Search",
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "back_to_top_button": True,
}
html_sidebars = {"index": [], "changelog": []}


def copy_mathjax(app, error):
    """Copy the parts of MathJax that pages need: 2 of 24 megabytes."""
    if error is not None or app.builder.format != "html":
        return
    package = find_spec("sphinx-mathjax-offline").submodule_search_locations[0]
    source, target = Path(package) / "static/mathjax", app.outdir / "_static/mathjax"
    fonts = Path("output/chtml/fonts/woff-v2")
    shutil.copytree(source / fonts, target / fonts, dirs_exist_ok=True)
    shutil.copy(source / "tex-chtml.js", target)


def keep_together(app, doctree):
    """Break no line between a number and its spread or its unit, but for code."""
    code = nodes.literal, nodes.math, nodes.FixedTextElement  # blocks, raw, doctests
    for text in list(doctree.findall(nodes.Text)):
        if isinstance(text.parent, code):
            continue
        joined = re.sub(r"\s(±|x(?=\s\d))\s", "\u00a0\\1\u00a0", text)
        joined = re.sub(r"(\d)\s%", "\\1\u00a0%", joined)
        if joined != text:
            text.parent.replace(text, nodes.Text(joined))


def setup(app):
    """Add what is too small for an extension."""
    app.connect("build-finished", copy_mathjax)
    app.connect("doctree-read", keep_together)
    app.connect("builder-inited", crop_tall, priority=900)  # behind the gallery's
