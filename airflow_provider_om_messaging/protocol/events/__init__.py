"""Changes of a service and its topics: reading them, choosing among them, and keeping one's place."""
