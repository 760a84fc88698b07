"""The one table of the columns that a file can have. A new column is one entry of it.

What a kind of content means is said once for all columns that have it: :mod:`.topic_cells` writes the cells
of a topic, :mod:`.cells` compares cells, and ``protocol/topics/row_changes.py`` says what they change. This
module is loaded whenever a DAG is parsed, and imports none of them.
"""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import NamedTuple


class Content(Enum):
    """What the cells of a column hold."""

    KEY = "the name by which a row finds its topic"
    TEXT = "a text"
    REFERENCES = "names of users, teams, domains, …"
    LABELS = "names of tags or terms"
    CERTIFICATION = "the name of one tag"
    CUSTOM_FIELDS = "names and values"


DEFAULT, _EXTENDED, _FIELDS = _FILES = ("documented", "extended", "schema_fields")
_TOPICS = (DEFAULT, _EXTENDED)
"""The files in which a row is a topic; in the other one it is a field of a schema."""


class Column(NamedTuple):
    """
    One column. Its place in the table is its place in a file.

    :param name: as in the header.
    :param field: of a topic, as today's servers call it.
    :param content: what its cells hold.
    :param files: the kinds of file that have it; none for a column of files that others make.
    :param kind: the kind of entity that its cells name; "" where each of them says it, such as ``user:ada``.
    :param prefix: of the labels that stand in it and in no other column of the file; "" for all others.
    """

    name: str
    field: str
    content: Content
    files: tuple[str, ...] = ()
    kind: str = ""
    prefix: str = ""


TIER = "Tier."
TABLE = (
    Column("name", "name", Content.KEY, _FILES),
    Column("displayName", "displayName", Content.TEXT, _FILES),
    Column("description", "description", Content.TEXT, _FILES),
    Column("owner", "owners", Content.REFERENCES, _TOPICS),
    Column("tags", "tags", Content.LABELS, _FILES, "tag"),
    Column("glossaryTerms", "tags", Content.LABELS, (_EXTENDED, _FIELDS), "glossaryTerm"),
    Column("tiers", "tags", Content.LABELS, (_EXTENDED,), "tag", TIER),
    Column("certification", "certification", Content.CERTIFICATION, (_EXTENDED,), "tag"),
    Column("domain", "domains", Content.REFERENCES, _TOPICS, "domain"),
    Column("extension", "extension", Content.CUSTOM_FIELDS, (_EXTENDED,)),
    Column("owners", "owners", Content.REFERENCES),
    Column("reviewers", "owners", Content.REFERENCES),
    Column("domains", "domains", Content.REFERENCES, kind="domain"),
    Column("dataProducts", "dataProducts", Content.REFERENCES, kind="dataProduct"),
)
COLUMNS = {files: tuple(column.name for column in TABLE if files in column.files) for files in _FILES}
"""The columns of a file, by what the parameter ``columns`` says."""
DOCUMENTED, EXTENDED, SCHEMA_FIELDS = COLUMNS[DEFAULT], COLUMNS[_EXTENDED], COLUMNS[_FIELDS]
BY_NAME = {column.name: column for column in TABLE}
REFERRING = {
    column.name: column
    for column in TABLE
    if column.content in {Content.REFERENCES, Content.LABELS, Content.CERTIFICATION}
}
"""The columns whose cells name entities, by their names."""
LABELS = tuple(column.name for column in TABLE if column.content is Content.LABELS)
"""The columns that hold labels."""


@cache
def find_covered_fields(columns: tuple[str, ...]) -> dict[str, Column]:
    """Return field → the first column about it, of the fields that columns cover beside the key."""
    found: dict[str, Column] = {}
    for column in TABLE:
        if column.name in columns and column.content is not Content.KEY:
            found.setdefault(column.field, column)
    return found


BEYOND = tuple(
    field for field in find_covered_fields(EXTENDED) if field not in find_covered_fields(DOCUMENTED)
)
"""The fields that only the extended columns cover."""
