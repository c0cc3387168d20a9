"""What MLflow is to hold, as plain data: runs, their descriptions, and the pages of experiments."""
