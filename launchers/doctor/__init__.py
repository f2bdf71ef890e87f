"""``pvvae doctor --accelerator``: the checks of docs/gpu-checks.md as programs."""
