"""What DAGs out there import, call and read stays: ``public_names.txt`` is the list.

A line that is gone or changed breaks somebody's DAG: ``docs/releases/release.md`` says how to rename
it. New names are added to the list by ``python -m tests.unit.test_public_names``: a name becomes
public on purpose only.
"""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging import exceptions, macros
from airflow_provider_om_messaging.provider_info import MODULES, PACKAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

PINNED = Path(__file__).with_name("public_names.txt")
ELSEWHERE = {
    "deprecation": ("OpenMetadataDeprecationWarning",),
    "hooks.messaging_async": ("OpenMetadataMessagingAsyncHook",),
    "sandbox": ("Sandbox",),
}
"""Public names of modules that are not registered with Airflow."""


def describe_parameters(function: Any) -> list[str]:
    """Return each parameter with its default; annotations may change."""
    return [
        parameter.name
        if parameter.default is parameter.empty
        else f"{parameter.name}={_describe_default(parameter.default)}"
        for parameter in inspect.signature(function).parameters.values()
        if parameter.name not in ("self", "cls")
        and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    ]


def _describe_default(default: Any) -> str:
    text = repr(default)
    # An address in memory says nothing.
    return type(default).__name__ if " at 0x" in text else text


def is_ours(owner: type) -> bool:
    """Whether a class is this package's."""
    return owner.__module__.startswith(PACKAGE)


def list_class(path: str, owner: type) -> Iterator[str]:
    """Yield what a class takes, and its public methods if it is called rather than put into a DAG."""
    parameters: dict[str, None] = {}
    for base in owner.__mro__:
        if is_ours(base) and "__init__" in vars(base):
            parameters.update(dict.fromkeys(describe_parameters(vars(base)["__init__"])))
    for parameter in sorted(parameters) or ["-"]:
        yield f"{path} takes {parameter}"
    if path.startswith(("hooks.", "sandbox.")):
        for name in dir(owner):
            method = inspect.getattr_static(owner, name)
            defined_by = next((base for base in owner.__mro__ if name in vars(base)), object)
            if name.startswith("_") or not is_ours(defined_by):
                continue
            function = getattr(method, "__func__", method)
            call = f"({', '.join(describe_parameters(function))})" if inspect.isfunction(function) else ""
            yield f"{path}.{name}{call}"


def list_public_names() -> list[str]:
    """Return every public name with its parameters, one a line."""
    lines = []
    modules = [f"{group}.{name}" for group, names in MODULES.items() for name in names]
    for module_path in [*modules, *ELSEWHERE]:
        module = importlib.import_module(f"{PACKAGE}.{module_path}")
        names = ELSEWHERE.get(module_path) or [
            name
            for name, value in vars(module).items()
            if inspect.isclass(value) and value.__module__ == module.__name__ and not name.startswith("_")
        ]
        for name in names:
            lines += list_class(f"{module_path}.{name}", getattr(module, name))
    lines.append(f"macros.service_file_name({', '.join(describe_parameters(macros.service_file_name))})")
    for name, value in vars(exceptions).items():
        if inspect.isclass(value) and issubclass(value, exceptions.OpenMetadataError):
            bases = " and ".join(base.__name__ for base in value.__mro__[1:] if is_ours(base))
            lines.append(f"exceptions.{name} is {bases or 'the base of all'}")
    return sorted(set(lines))


def test_every_public_name_is_still_there() -> None:
    pinned = PINNED.read_text().splitlines()
    gone = [line for line in pinned if line not in list_public_names()]
    assert not gone, "DAGs out there use what is gone or changed: see docs/releases/release.md"


def test_a_name_becomes_public_on_purpose() -> None:
    pinned = PINNED.read_text().splitlines()
    new = [line for line in list_public_names() if line not in pinned]
    assert not new, "to be public for good? Then run: python -m tests.unit.test_public_names"


if __name__ == "__main__":
    PINNED.write_text("\n".join(list_public_names()) + "\n")
