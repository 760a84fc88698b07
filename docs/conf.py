"""How Sphinx builds the documentation: ``make docs``."""

from __future__ import annotations

import inspect
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.util.inspect import stringify_signature

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from airflow_provider_om_messaging import __version__  # noqa: E402  # found by the path above
from airflow_provider_om_messaging.sandbox.faults import KINDS  # noqa: E402  # the same
from airflow_provider_om_messaging.sandbox.switches import Switches  # noqa: E402  # the same
from tools.error_messages import ErrorMessages, add_messages  # noqa: E402  # the same

project = "airflow-provider-om-messaging"
author = "The airflow-provider-om-messaging maintainers"
copyright = f"2026, {author}"
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "sphinx_copybutton",
    "sphinx_design",
]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
exclude_patterns = ["diagrams"]

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_class_signature = "mixed"
# Airflow's own parameters of a task are in Airflow's documentation.
autodoc_inherit_docstrings = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
add_module_names = False

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["_static"]
html_css_files = ["diagrams.css"]
html_theme_options = {
    "source_repository": "https://github.com/airflow-provider-om-messaging/airflow-provider-om-messaging",
    "source_branch": "main",
    "source_directory": "docs/",
}


def list_error_messages(_: Sphinx, page: str, source: list[str]) -> None:
    """Put the messages that are in the package's source below each class of the page of errors."""
    if page == "errors":
        source[0] = add_messages(source[0], ErrorMessages().by_class)


def list_sandbox_options(_: Sphinx, page: str, source: list[str]) -> None:
    """Put the faults and switches that the package has into the page of the sandbox."""
    if page == "sandbox":
        faults = [f"| `{kind}` | {text} |" for kind, text in KINDS.items()]
        switches = [
            f"| `{item.name}` | `{item.default}` | {item.metadata['help']} |" for item in fields(Switches)
        ]
        text = source[0].replace("<!-- faults -->", "\n".join(faults))
        source[0] = text.replace("<!-- switches -->", "\n".join(switches))


def show_parameters(
    _: Sphinx, what: str, _name: str, item: Any, _options: object, shown: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """Show the parameters of an operator, where Airflow's own ``__new__`` hides them."""
    if what == "class" and shown == "(*args, **kwargs)":
        signature = inspect.signature(item.__init__)
        own = [parameter for name, parameter in signature.parameters.items() if name != "self"]
        shown = stringify_signature(
            signature.replace(parameters=own, return_annotation=inspect.Signature.empty),
            show_annotation=False,
        )
    return shown, returned


def find_outdated(*_: object) -> list[str]:
    """Name the pages that may be other ones although their own files have not changed."""
    return ["errors", "sandbox"]


def setup(app: Sphinx) -> None:
    """Take part in the build."""
    app.connect("source-read", list_error_messages)
    app.connect("source-read", list_sandbox_options)
    app.connect("autodoc-process-signature", show_parameters)
    app.connect("env-get-outdated", find_outdated)
