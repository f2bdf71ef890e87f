"""The model in the box: small trained networks as a folder with checksums, and how it is made."""

from pvvae.box.folder import SHIPPED, Box, open_box
from pvvae.box.write import write_box

__all__ = ["SHIPPED", "Box", "open_box", "write_box"]
