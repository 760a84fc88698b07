"""The messages of the package's errors, for the documentation's page of errors and the test of that page.

They are found in the source, without running it: whatever makes a ``Fault`` or a public exception, and the
text that it is given, with ``…`` for what is known at run time only. Where a function is given the text, its
callers are looked at; where the text is what a function returns, that function is.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_om_messaging import exceptions
from airflow_provider_om_messaging.protocol.wire.faults import Cause

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PACKAGE = Path(exceptions.__file__).parent
UNKNOWN = "…"
FEWEST_WORDS = 3
"""What a message says at least, or nobody could search for it."""
_BASE = exceptions.OpenMetadataError
_PUBLIC = {
    name for name, value in vars(exceptions).items() if isinstance(value, type) and issubclass(value, _BASE)
}
_CAUSES = {f"Cause.{cause.name}": exceptions.CLASSES[cause].__name__ for cause in Cause}
# What is wrong with a CSV: the file's name is put before it, and an InvalidCsvError made of both.
_UNFIT = "UnfitCsvError"
_DEEPEST = 6
# The end of half of all messages.
_NOTHING_SENT = re.compile(r"(\.? Nothing was sent\.|: … \(nothing was sent\))$")
_PARAMETER = re.compile("\0(\\w+)\0")

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Place:
    """A call: of what makes an error, or of what is given its text."""

    file: Path
    function: _Function | None
    call: ast.Call

    @property
    def name(self) -> str:
        """Return file and function, such as ``hooks/address.py: _make_invalid_fault``."""
        inside = self.function.name if self.function else "<module>"
        return f"{self.file.relative_to(PACKAGE).as_posix()}: {inside}"


class ErrorMessages:
    """All messages of the package beside the sandbox, by the class of the error."""

    def __init__(self) -> None:
        self._calls: dict[str, list[Place]] = defaultdict(list)
        self._functions: dict[str, list[tuple[Path, _Function]]] = defaultdict(list)
        self._constants: dict[tuple[Path, str], ast.expr] = {}
        for file in sorted(PACKAGE.rglob("*.py")):
            if "sandbox" not in file.parts:
                self._read(file)

    @cached_property
    def by_class(self) -> dict[str, list[str]]:
        """Return what can be searched for: name of the class → messages, none the beginning of another."""
        found: dict[str, set[str]] = defaultdict(set)
        for _, error, text in self._find_all():
            if count_words(text) >= FEWEST_WORDS:
                found[error].add(text)
        return {error: _drop_cases(texts) for error, texts in found.items()}

    @cached_property
    def unreadable(self) -> set[str]:
        """Return the places that make an error of which no text can be found in the source."""
        most_words: dict[str, int] = defaultdict(int)
        for place, _, text in self._find_all():
            most_words[place.name] = max(most_words[place.name], count_words(text))
        return {name for name, words in most_words.items() if words < FEWEST_WORDS}

    def _find_all(self) -> Iterator[tuple[Place, str, str]]:
        for name in ("Fault", _UNFIT, *sorted(_PUBLIC)):
            for place in self._calls[name]:
                arguments = place.call.args
                # An error that is made of another one has its text.
                if not arguments or (
                    isinstance(arguments[0], ast.Call) and _get_called_name(arguments[0]) == "str"
                ):
                    continue
                error, text = name, arguments[0]
                if name == "Fault":
                    error, text = _CAUSES.get(ast.unparse(arguments[0]), _BASE.__name__), arguments[1]
                elif name == _UNFIT:
                    error = exceptions.InvalidCsvError.__name__
                for each in self._find_texts(text, place.file, place.function):
                    for whole in self._ask_callers(each, place.file, place.function):
                        whole = f"{UNKNOWN} {whole}" if name == _UNFIT else whole
                        yield place, error, re.sub("[ …]*…", _shorten, whole).strip()

    # ------------------------------------------------------------------ reading

    def _read(self, file: Path) -> None:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for statement in tree.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                self._constants[file, statement.targets[0].id] = statement.value
        self._read_calls(tree, file, None)

    def _read_calls(self, node: ast.AST, file: Path, function: _Function | None) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, _Function):
                self._functions[child.name].append((file, child))
                self._read_calls(child, file, child)
                continue
            if isinstance(child, ast.Call):
                self._calls[_get_called_name(child)].append(Place(file, function, child))
            self._read_calls(child, file, function)

    # ------------------------------------------------------------------ texts

    def _find_texts(
        self, node: ast.expr, file: Path, function: _Function | None, depth: int = 0
    ) -> list[str]:
        """Return what an expression may say; parameters of the function stand between null characters."""

        def texts(part: ast.expr) -> list[str]:
            return self._find_texts(part, file, function, depth + 1)

        found: list[str] = []
        if depth > _DEEPEST:
            return [UNKNOWN]
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.JoinedStr(values=values):
                return _combine([texts(value) for value in values])
            case ast.FormattedValue(value=ast.Name() | ast.IfExp() | ast.Call() as value, conversion=-1):
                found = texts(value)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return _combine([texts(left), texts(right)])
            case ast.IfExp(body=body, orelse=orelse):
                return [*texts(body), *texts(orelse)]
            case ast.BoolOp(values=values):
                return [text for value in values for text in texts(value)]
            case ast.Name(id=name):
                found = self._find_texts_of_name(name, file, function, depth)
            case ast.Subscript(value=ast.Name(id=name)):
                table = self._find_value(name, file, function)
                if isinstance(table, ast.Dict):
                    found = [text for value in table.values for text in texts(value)]
            case ast.List(elts=[first, *_]):
                found = [f"{text}{UNKNOWN}" for text in texts(first)]
            case ast.Call(func=ast.Attribute(attr="join"), args=[parts]):
                return texts(parts)
            case ast.Call():
                found = self._find_returned_texts(_get_called_name(node), file, depth)
        return found or [UNKNOWN]

    def _find_texts_of_name(self, name: str, file: Path, function: _Function | None, depth: int) -> list[str]:
        if function and name in _list_parameters(function):
            return [f"\0{name}\0"]
        constant = self._constants.get((file, name))
        values = self._find_values(name, function) or ([constant] if constant else [])
        more = UNKNOWN if function and _is_extended(name, function) else ""
        return [
            f"{text}{more}" for value in values for text in self._find_texts(value, file, function, depth + 1)
        ]

    def _find_returned_texts(self, name: str, file: Path, depth: int) -> list[str]:
        functions = self._functions[name]
        here = [each for each in functions if each[0] == file] or functions
        if len(here) != 1:
            return []
        home, function = here[0]
        returned = [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value]
        texts = [text for value in returned for text in self._find_texts(value, home, function, depth + 1)]
        return [_PARAMETER.sub(UNKNOWN, text) for text in texts]

    def _find_value(self, name: str, file: Path, function: _Function | None) -> ast.expr | None:
        return next(iter(self._find_values(name, function)), self._constants.get((file, name)))

    def _find_values(self, name: str, function: _Function | None) -> list[ast.expr]:
        """Return what a function assigns to a local name."""
        return [
            node.value
            for node in (ast.walk(function) if function else ())
            if isinstance(node, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
        ]

    def _ask_callers(
        self, text: str, file: Path, function: _Function | None, depth: int = 0
    ) -> Iterator[str]:
        """Fill in parameters with what callers give, if a text says too little without."""
        plain = _PARAMETER.sub(UNKNOWN, text)
        callers = self._find_callers(file, function) if function and plain != text else []
        if function is None or not callers or depth > _DEEPEST or count_words(plain) >= FEWEST_WORDS:
            yield plain
            return
        for caller in callers:
            given = [text]
            for name in set(_PARAMETER.findall(text)):
                argument = _find_argument(caller.call, function, name)
                values = self._find_texts(argument, caller.file, caller.function) if argument else [UNKNOWN]
                # The caller's own parameters are kept apart from those that are still to be filled in.
                values = [value.replace("\0", "\1") for value in values]
                given = [each.replace(f"\0{name}\0", value) for each in given for value in values]
            for each in given:
                whole = each.replace("\1", "\0")
                yield from self._ask_callers(whole, caller.file, caller.function, depth + 1)

    def _find_callers(self, file: Path, function: _Function) -> list[Place]:
        is_private = function.name.startswith("_")
        return [place for place in self._calls[function.name] if place.file == file or not is_private]


def is_message(text: str, template: str) -> bool:
    """Return whether an error's text is, or begins as, a message of :attr:`ErrorMessages.by_class`."""
    pattern = re.escape(_NOTHING_SENT.sub("", template).rstrip(f" .{UNKNOWN}"))
    return re.match(pattern.replace(UNKNOWN, ".*?"), text, re.DOTALL) is not None


def add_messages(page: str, messages: Mapping[str, Sequence[str]]) -> str:
    """
    Return the documentation's page of errors with the messages of each class, each with an anchor of its own.

    :param page: the page, with a heading for each class that is the class's name.
    :param messages: name of the class → its messages.
    """
    anchors: set[str] = set()
    lines: list[str] = []
    for part in re.split(r"^(?=\(\w+\)=\n### )", page, flags=re.MULTILINE):
        lines.append(part.rstrip("\n"))
        heading = re.search(r"^### (\w+)$", part, re.MULTILINE)
        for text in messages.get(heading[1], ()) if heading else ():
            lines.append(f"({_make_anchor(text, anchors)})=\n`{text}`")
    return "\n\n".join(lines) + "\n"


def _make_anchor(text: str, taken: set[str]) -> str:
    words = re.findall(r"[a-z0-9]+", text.casefold())
    length = next(n for n in range(6, 1000) if "-".join(words[:n]) not in taken or n > len(words))
    anchor = "-".join(words[:length])
    while anchor in taken:
        anchor += "-"
    taken.add(anchor)
    return anchor


def count_words(text: str) -> int:
    """Return how many words of a message are known, beside those that half of the messages have."""
    return len(re.findall(r"[A-Za-z0-9]{2,}", _NOTHING_SENT.sub("", text)))


def _get_called_name(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _list_parameters(function: _Function) -> list[str]:
    arguments = function.args
    names = [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def _find_argument(call: ast.Call, function: _Function, name: str) -> ast.expr | None:
    by_name = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
    index = _list_parameters(function).index(name)
    return by_name or (call.args[index] if index < len(call.args) else None)


def _is_extended(name: str, function: _Function) -> bool:
    """Tell whether a function puts more behind a text that it has in a local name."""
    return any(
        isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id == name
        for node in ast.walk(function)
    )


def _combine(parts: list[list[str]]) -> list[str]:
    whole = [""]
    for texts in parts:
        whole = [before + text for before in whole for text in texts]
    return whole


def _shorten(unknown: re.Match[str]) -> str:
    return f" {UNKNOWN}" if unknown[0].startswith(" ") else UNKNOWN


def _is_case_of(text: str, general: str) -> bool:
    """Return whether a text says what a more general one says, or begins with it."""
    says = _NOTHING_SENT.sub("", general).rstrip(" .…")
    pattern = re.escape(says).replace(UNKNOWN, ".*?")
    # Whatever stands at the beginning would be a case of what has nothing known there.
    return re.match(re.sub(r"^\.\*\?", f"(?:{UNKNOWN}|nothing)", pattern), text) is not None


def _drop_cases(texts: set[str]) -> list[str]:
    remaining = set(texts)
    for text in sorted(texts, key=len, reverse=True):
        if any(_is_case_of(text, other) for other in remaining - {text}):
            remaining.remove(text)
    return sorted(remaining, key=lambda text: text.lstrip(f"{UNKNOWN} ").casefold())
