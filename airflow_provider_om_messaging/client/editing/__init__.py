"""Changing one entity: read it, compute the change, send it for that version, read it back."""
