"""What ``pvvae bench`` measures: one file, one bench."""
