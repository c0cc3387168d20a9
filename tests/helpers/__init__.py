"""Helpers of the tests: toy methods and datasets, made-up stores, copies of official layouts."""
