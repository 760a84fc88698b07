"""What an import would change: the diff of two files, the policies on it, the gate before an import."""
