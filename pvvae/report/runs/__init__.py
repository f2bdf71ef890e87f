"""The page on a folder of runs."""
