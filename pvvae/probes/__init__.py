"""What networks know of motion without having been taught it."""
