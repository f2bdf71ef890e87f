"""What a stage will need, counted before anything is allocated: FLOPs, memory, time and disk."""
