"""The topics of a service: as pages list them, and what the rows of a file change in them."""
