"""Sphinx's settings for the documentation site: `make docs` builds it into docs/_build/html."""

import re
from importlib.metadata import version as installed_version

project = "bench"
author = "the bench authors"
copyright = "the bench authors, Apache License 2.0"
release = installed_version("missing-label-bench")

highlight_language = "none"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx_copybutton"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
nb_execution_mode = "cache"  # the tutorial is run, so that its page shows what comes out
nb_execution_timeout = 600
nb_execution_in_temp = True
nb_output_stderr = "remove"
exclude_patterns = ["_build", "example", "examples", "jupyter_execute"]
nitpicky = True
nitpick_ignore_regex = [("py:.*", r".*")]  # types of other packages: their sites are not asked
default_role = "code"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 100
python_use_unqualified_type_names = True
autodoc_member_order = "bysource"

html_theme = "furo"
html_title = "bench"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}


def _from_the_root(app, path, page, content):
    """Links of a file beside docs/, as they go from a page inside it; what is no page is named as a file."""
    if str(path).startswith("../"):
        content[0] = re.sub(r"\]\(docs/", "](", content[0])
        content[0] = re.sub(
            r"\[`?([^]`]+)`?\]\((?:(CHANGELOG|CONTRIBUTING)\.md|results/[^)]*)\)", _page_or_file, content[0]
        )


def _page_or_file(link):
    return f"[{link[1]}]({link[2].lower()}.md)" if link[2] else f"`{link[1]}`"


def setup(app):
    app.connect("include-read", _from_the_root)
