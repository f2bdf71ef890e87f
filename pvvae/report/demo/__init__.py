"""The page of ``pvvae demo``: what the networks of a box do."""
