"""The job of a task: remembering it over attempts, resuming, following, and cancelling it."""
