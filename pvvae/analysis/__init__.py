"""What latents look like, and how they move with the video."""
