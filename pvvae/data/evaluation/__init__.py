"""Which clips an evaluation sees, drawn by seed and listed."""
