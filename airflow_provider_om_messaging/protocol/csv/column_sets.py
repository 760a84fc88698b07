"""Which columns a file can have. How a topic fills them is in :mod:`.topic_columns`."""

from __future__ import annotations

DOCUMENTED = ("name", "displayName", "description", "owner", "tags", "domain")
EXTENDED = (
    *DOCUMENTED[:5],
    "glossaryTerms",
    "tiers",
    "certification",
    "domain",
    "extension",
)
SCHEMA_FIELDS = ("name", "displayName", "description", "tags", "glossaryTerms")
"""The columns of a file about the fields of schemas: a row is one field, under ``topic.field.path``."""
DEFAULT = "documented"
COLUMNS = {DEFAULT: DOCUMENTED, "extended": EXTENDED, "schema_fields": SCHEMA_FIELDS}
"""The columns of a file, by what the parameter ``columns`` says."""
