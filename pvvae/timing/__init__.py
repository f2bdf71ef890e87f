"""What the machinery costs beside the networks that it drives."""
