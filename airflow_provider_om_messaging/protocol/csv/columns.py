"""The one table of the columns that a file can have. How a topic fills them is in :mod:`.topic_cells`."""

from __future__ import annotations

from typing import NamedTuple

DEFAULT, _EXTENDED, _FIELDS = _FILES = ("documented", "extended", "schema_fields")
_TOPICS = (DEFAULT, _EXTENDED)
"""The files in which a row is a topic; in the other one it is a field of a schema."""


class Column(NamedTuple):
    """
    One column. Its place in the table is its place in a file.

    :param name: as in the header.
    :param files: the kinds of file that have it; none for a column of files that others make.
    :param field: the field whose references its cells name; "" for a column of texts.
    :param kind: the kind of entity that these refer to; "" where each cell names it, such as ``user:ada``.
    :param single: whether a cell is one name, whatever separators are in it.
    """

    name: str
    files: tuple[str, ...] = ()
    field: str = ""
    kind: str = ""
    single: bool = False


TABLE = (
    Column("name", _FILES),
    Column("displayName", _FILES),
    Column("description", _FILES),
    Column("owner", _TOPICS, "owners"),
    Column("tags", _FILES, "tags", "tag"),
    Column("glossaryTerms", (_EXTENDED, _FIELDS), "tags", "glossaryTerm"),
    Column("tiers", (_EXTENDED,), "tags", "tag"),
    Column("certification", (_EXTENDED,), "tags", "tag", single=True),
    Column("domain", _TOPICS, "domains", "domain"),
    Column("extension", (_EXTENDED,)),
    Column("owners", field="owners"),
    Column("reviewers", field="owners"),
    Column("domains", field="domains", kind="domain"),
    Column("dataProducts", field="dataProducts", kind="dataProduct"),
)
COLUMNS = {files: tuple(column.name for column in TABLE if files in column.files) for files in _FILES}
"""The columns of a file, by what the parameter ``columns`` says."""
DOCUMENTED, EXTENDED, SCHEMA_FIELDS = COLUMNS[DEFAULT], COLUMNS[_EXTENDED], COLUMNS[_FIELDS]
REFERRING = {column.name: column for column in TABLE if column.field}
"""The columns whose cells name entities, by their names."""
LABELS = tuple(name for name, column in REFERRING.items() if column.field == "tags" and not column.single)
"""The columns that hold labels."""
