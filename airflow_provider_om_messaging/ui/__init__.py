"""What shows of this package in Airflow's own web interface."""
