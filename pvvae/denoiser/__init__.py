"""Rectified flow on latents: training, sampling, rollout."""
