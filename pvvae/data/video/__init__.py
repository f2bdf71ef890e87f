"""Videos and images as arrays, and back into files."""
