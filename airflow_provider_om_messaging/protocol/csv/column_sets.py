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
DEFAULT = "documented"
COLUMNS = {DEFAULT: DOCUMENTED, "extended": EXTENDED}
"""The columns of a file, by what the parameter ``columns`` says."""
