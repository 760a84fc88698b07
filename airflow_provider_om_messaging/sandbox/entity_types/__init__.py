"""The types of entity that the server stores: their properties, and which generation has which."""
