"""Messaging services themselves: which there are, and their own metadata."""
