"""Requests and replies: what a reply means, which errors there are, when to retry, what to redact."""
