"""Entities of a server: their names, fields, references and versions."""
