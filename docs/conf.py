"""Sphinx's settings for the documentation site: `make docs` builds it into docs/_build/html."""

from importlib.metadata import version as installed_version

project = "bench"
author = "the bench authors"
copyright = "the bench authors, Apache License 2.0"
release = installed_version("missing-label-bench")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "example"]
nitpicky = True
autodoc_typehints = "description"
autodoc_member_order = "bysource"

html_theme = "furo"
html_title = "bench"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}
