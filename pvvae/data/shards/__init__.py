"""Shards of tar files: their index, their samples, subsets of them."""
