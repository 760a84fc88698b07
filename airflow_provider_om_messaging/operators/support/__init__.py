"""What the operators share: parameters, waiting for jobs, results, and what the log says."""
