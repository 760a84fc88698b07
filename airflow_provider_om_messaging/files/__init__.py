"""Files that tasks read and write: local paths, object storage, and CSV as a stream."""
