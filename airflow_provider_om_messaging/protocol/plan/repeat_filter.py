"""A filter that finds the names that may occur twice: a million names take two MiB of it."""

from __future__ import annotations

_BITS = 1 << 24
_LAST = _BITS - 1


class RepeatFilter:
    """
    A Bloom filter: it is sure of names that are new, and takes a few new ones for old.

    It finds the names to look at twice, where to hold all names would take too much memory.
    """

    def __init__(self) -> None:
        self._bits = bytearray(_BITS // 8)

    def add(self, name: str) -> bool:
        """Add a name, and return whether it may have been added before."""
        bits, hashed = self._bits, hash(name)
        first, second = hashed & _LAST, hashed >> 32 & _LAST
        byte, bit = first >> 3, 1 << (first & 7)
        other_byte, other_bit = second >> 3, 1 << (second & 7)
        if bits[byte] & bit and bits[other_byte] & other_bit:
            return True
        bits[byte] |= bit
        bits[other_byte] |= other_bit
        return False
