"""Runs as MLflow is to hold them, as plain data, with their descriptions and the pages of experiments."""
