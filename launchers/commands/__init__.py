"""One file a command: its words, its help, and what it does."""
