"""What two networks share: causal convolutions, attention, norms, rotary positions."""
