"""Addresses as people write them."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from urllib.parse import SplitResult

_BRACKETED = re.compile(r"(.*@)?\[[^]]*](:.*)?")


def split_address(url: str) -> SplitResult:
    """
    Return the parts of a URL, the same on every Python: 3.10 takes anything in brackets for a host.

    :raises ValueError: what stands in brackets is no address, or something stands beside them.
    """
    parts = urlsplit(url)
    if parts.hostname and "[" in parts.netloc:
        ipaddress.IPv6Address(parts.hostname)
        if not _BRACKETED.fullmatch(parts.netloc):
            raise ValueError
    return parts
