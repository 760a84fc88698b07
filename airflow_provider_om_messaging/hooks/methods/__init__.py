"""The hook's methods by subject, and the client that all of them stand on."""
