"""What OpenMetadata says on the wire: pure rules, without I/O, without Airflow and without a clock."""
