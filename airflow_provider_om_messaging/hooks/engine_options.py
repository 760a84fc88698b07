"""What ``engine`` and ``max_concurrency`` can say; the engines themselves are in :mod:`.engines`."""

from __future__ import annotations

AUTO, SERVER, CLIENT = "auto", "server", "client"
ENGINES = (AUTO, SERVER, CLIENT)
MAX_CONCURRENCY, MOST_CONCURRENCY = 32, 64
"""Rows that the client engine sends at a time at most: by default, and at all."""
