"""The page about predicted futures: clips, errors over the horizon, and a table."""
