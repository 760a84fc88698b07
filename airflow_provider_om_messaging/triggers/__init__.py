"""Waiting for async jobs without a worker slot."""
