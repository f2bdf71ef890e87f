"""Parts of networks: causal convolutions, attention, norms, positions, and who has which tokens."""
