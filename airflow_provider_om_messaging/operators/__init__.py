"""Export, import, patch, versions and job results as Airflow tasks."""
