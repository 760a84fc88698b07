"""What tasks do, imported where they do it: parsing a DAG needs their classes and parameters only."""
