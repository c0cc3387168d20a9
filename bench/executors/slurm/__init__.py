"""Cells in jobs of a Slurm cluster, on a disk that its nodes share."""
