"""The training loop and what is watched while it runs."""
