"""What the Makefile runs: environments, a real Airflow, the demo."""
