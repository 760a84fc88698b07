"""What an import needs beyond sending a file: batches, the plan that it is held to, what it comes to."""
