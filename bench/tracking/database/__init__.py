"""MLflow's database or server: where it is, how it is opened, and how a run is written there."""
