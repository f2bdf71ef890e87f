"""What is seen of a run while it goes on; nothing here changes a result."""
