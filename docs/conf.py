"""Sphinx: `make docs` builds these pages into build/docs."""

import importlib.metadata
import urllib.request

project = "brianff"
author = "The brianff developers"
copyright = author
release = version = importlib.metadata.version("brianff")

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "numpydoc",
]
exclude_patterns = ["conf.py", "_templates"]
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["brianff.css"]

# -- pages and notebooks -------------------------------------------------------------------------------------------

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3  # links to headings, as on a page of plain Markdown
nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
nb_execution_mode = "cache"
nb_execution_cache_path = "build/notebooks"
nb_execution_timeout = 600
nb_execution_in_temp = True  # what a notebook writes does not lie among the pages
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True

# -- reference -----------------------------------------------------------------------------------------------------

autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # numpydoc's sections say it
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
default_role = "code"

# Links into the documentation of others, where it can be reached: without a network the page is built without them.
_OTHERS = {
    "brian2": "https://brian2.readthedocs.io/en/stable/",
    "numpy": "https://numpy.org/doc/stable/",
    "matplotlib": "https://matplotlib.org/stable/",
    "python": "https://docs.python.org/3/",
}


def _reachable(url):
    try:
        with urllib.request.urlopen(f"{url}objects.inv", timeout=3) as answer:
            return answer.read(2) == b"# "
    except OSError:
        return False


intersphinx_mapping = {name: (url, None) for name, url in _OTHERS.items() if _reachable(url)}

# -- looks ---------------------------------------------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = "brianff"
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "default",
    "pygments_dark_style": "github-dark",
}
html_show_sourcelink = False
suppress_warnings = ["config.cache"]
