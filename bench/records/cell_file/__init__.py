"""Files of finished cells: rows, curves and scores of a store with the test labels and sweeps that they belong to."""
