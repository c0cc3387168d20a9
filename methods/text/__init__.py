"""Sentences and words with class labels: text as training data."""
