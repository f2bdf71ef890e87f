"""The page on a study."""
