"""The CSV format: checking a text, its dialect and columns, and what a cell means."""
