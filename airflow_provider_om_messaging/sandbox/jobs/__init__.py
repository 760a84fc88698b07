"""Async CSV jobs as the server runs and reports them."""
