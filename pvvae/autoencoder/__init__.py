"""The VAE for those who only use it."""

from pvvae.autoencoder.autoencoder import Autoencoder

__all__ = ["Autoencoder"]
