"""The VAE's objective, training step and validation."""
