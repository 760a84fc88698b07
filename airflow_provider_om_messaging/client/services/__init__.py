"""Listing messaging services, and reading and writing their own metadata."""
