"""A picture of any depth and kind of colour as 8-bit red, green and blue."""

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

WIDE = 257
"""A level v of 16 bits is v / 257 of 8: 65535 / 255, so that black and white stay what they are."""
ORIENTATION = 0x0112  # EXIF's tag
_DEPTH = 24
"""Where a PNG has the bits of a channel: behind signature, length, name, width and height of its
first chunk (PNG specification, section 11.2.1)."""
_CHANNELS = {"gray16be": 1, "ya16be": 2, "rgb48be": 3, "rgba64be": 4}
"""FFmpeg's names of PNG's kinds of 16-bit pixels."""
_EXACT = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")
"""Pillow's modes that have 8 bits or fewer; what else it opens would be clipped."""
_ANIMATED = ("PNG", "WEBP", "GIF", "AVIF")
"""Formats whose further frames are moments. Those of a phone's JPEG (MPO) are other sizes."""


def rgb_levels(image: Image.Image, data: bytes) -> NDArray[np.uint8]:
    """An open image as (H, W, 3), turned as its EXIF says; transparency is dropped.

    Args:
        image: as Pillow opened it.
        data: the bytes of its file.

    Raises:
        ValueError: if it is an animation, or its numbers are no levels (floats, 32 bits).
        OSError: if it is damaged.
    """
    frames = image.n_frames if image.format in _ANIMATED and hasattr(image, "n_frames") else 1
    if frames > 1:
        raise ValueError(
            f"is an animation of {frames} frames, not an image; make it a video, such as .mp4, "
            "or a folder of frames"
        )
    image.load()  # all of it, checksums too
    turn = image.getexif().get(ORIENTATION, 1)
    if image.format == "PNG" and data[_DEPTH : _DEPTH + 1] == b"\x10":
        image = Image.fromarray(_of_16_bits(data))
    elif image.mode not in _EXACT:
        raise ValueError(f"has pixels of a kind that is not read (Pillow's {image.mode})")
    elif image.mode in ("P", "PA"):  # its colours; straight to RGB, Pillow may warn of transparency
        image = image.convert("RGBA")
    colours = image.convert("RGB")
    colours.getexif()[ORIENTATION] = turn
    return np.asarray(ImageOps.exif_transpose(colours))


def _of_16_bits(data: bytes) -> NDArray[np.uint8]:
    """Levels (H, W, 3) of a PNG of 16 bits, rounded; Pillow would clip grey and cut off colours."""
    decoder = av.CodecContext.create("png", "r")
    try:
        frames = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
    except av.FFmpegError as error:
        raise OSError(f"cannot be decoded ({error.strerror})") from None
    if not frames or frames[0].format.name not in _CHANNELS:
        raise OSError("cannot be decoded (no picture of 16 bits in it)")
    frame = frames[0]
    plane, channels = frame.planes[0], _CHANNELS[frame.format.name]
    rows = np.frombuffer(plane, ">u2").reshape(frame.height, plane.line_size // 2)
    wide = rows[:, : frame.width * channels].reshape(frame.height, frame.width, channels)
    colours = wide[..., : 1 if channels < 3 else 3].astype(np.uint32)
    levels = ((colours + WIDE // 2) // WIDE).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(levels, (*levels.shape[:2], 3)))
