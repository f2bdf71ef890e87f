"""The page about what foretells the quality of samples."""
