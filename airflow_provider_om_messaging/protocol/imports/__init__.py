"""The verdict on an import, and on each of its rows."""
