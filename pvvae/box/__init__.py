"""The model in the box: small trained networks as a folder with checksums, and how it is made."""

from pvvae.box.write import write_box
from pvvae.pretrained.box import Box, open_box

__all__ = ["Box", "open_box", "write_box"]
