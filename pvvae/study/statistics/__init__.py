"""Effects, intervals, scaling laws."""
