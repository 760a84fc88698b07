"""Showing plans to people: as lines of a task log, as JSON, as a page."""
