"""The file of a study: what it says, and may not."""
