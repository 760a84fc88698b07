"""Where metadata comes from and goes to, for OpenLineage and Airflow's assets."""
