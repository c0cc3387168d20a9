"""The process that keeps MLflow up to date while cells run, and the run that waits for it at the end."""
