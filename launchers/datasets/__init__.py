"""What ``pvvae data`` makes: one file, one command."""
