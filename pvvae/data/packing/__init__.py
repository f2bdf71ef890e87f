"""Folders of videos and images made into shards."""
