"""The data that a fresh sandbox starts with; the same every time."""
