"""Metrics of two folders of clips, whoever made them."""
