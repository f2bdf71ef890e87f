"""Networks: backbones, denoisers, discriminators. Knows torch and einops, nothing of training."""
