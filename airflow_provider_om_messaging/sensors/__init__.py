"""Waiting for async jobs as a task of its own."""
