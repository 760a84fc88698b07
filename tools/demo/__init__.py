"""Every example DAG on a real Airflow: ``make demo``."""
