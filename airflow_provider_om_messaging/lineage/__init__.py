"""Where metadata comes from and goes to, as OpenLineage and Airflow's assets tell it."""
