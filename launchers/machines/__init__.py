"""How stages reach their machines: local processes, pipelines, Slurm."""
