"""Studies: from a file to runs, here or on Slurm, and to their page."""
