"""Async CSV jobs: their states, lists and logs, and the rules of waiting for them."""
