"""The page about latents: pictures, numbers, and the curves that they are made of."""
