"""Names that people take for one, and servers for two: they differ in case or in blanks around them alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def fold_name(name: str) -> str:
    """Return what names have in common that look alike."""
    return name.strip().casefold()


def find_similar(new: Iterable[str], present: Iterable[str]) -> dict[str, str]:
    """
    Return the new names that look like one that is there, each with that one.

    :param new: names that nothing has yet.
    :param present: names that something has.
    """
    looks = {fold_name(name): name for name in present}
    return {name: other for name in new if (other := looks.get(fold_name(name), name)) != name}


def describe_second_topic(name: str, present: str) -> str:
    """Return the advice on a name that would make a second topic beside one with nearly the same."""
    return (
        f"{name!r} is not {present!r}, which is there: case and blanks tell names apart. Correct the name if "
        "no second topic is meant"
    )


def find_pairs(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return the names that look like another one before them, each after that one."""
    first: dict[str, str] = {}
    return [
        (one, name)
        for name in dict.fromkeys(names)
        if (one := first.setdefault(fold_name(name), name)) != name
    ]


def describe_two_topics(names: tuple[str, str], lines: Mapping[str, int]) -> str:
    """Return the advice on two names in a file that would make two topics."""
    one, other = names
    return (
        f"{one!r} in line {lines[one]} and {other!r} in line {lines[other]} would make two new topics: case "
        "and blanks tell names apart. Leave one of them"
    )
