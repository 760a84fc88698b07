"""Names that may have come before: a million of them in two MiB."""

from __future__ import annotations

_BITS = 1 << 24


class RepeatFilter:
    """
    A Bloom filter: it is sure of names that are new, and takes a few new ones for old.

    It finds the names to look at twice, where to hold all names would take too much memory.
    """

    def __init__(self) -> None:
        self._bits = bytearray(_BITS // 8)

    def add(self, name: str) -> bool:
        """Add a name, and return whether it may have been added before."""
        hashed = hash(name)
        may_be_old = True
        for place in (hashed % _BITS, (hashed >> 32) % _BITS):
            byte, bit = place >> 3, 1 << (place & 7)
            if not self._bits[byte] & bit:
                self._bits[byte] |= bit
                may_be_old = False
        return may_be_old
