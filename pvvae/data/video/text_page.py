"""A page of small print that scrolls: dense text, for where no clip has any.

Letters are what high compression loses first (the paper's Figure 3 shows it on text). The page is
made, not recorded, and pages that show it say so.
"""

from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pvvae import seeding
from pvvae.data.video.video import Frames

SENTENCE = """
the quick latent of a video keeps what moves and drops what stays while every frame tells something
about those before it and a little about those to come so who predicts well needs few numbers for
much light under strong compression small letters are the first to go
"""
WORDS = SENTENCE.split()
"""Ours: words of every length and most letters, to be drawn from."""
LETTER = 1 / 20
"""Ours: height of a letter over that of the frame, 13 pixels of 256: newsprint on a screen."""
MARGIN = 0.04
"""Ours: of the frame's width, left and right."""


def text_page(number: int, *, frames: int, height: int, width: int) -> Frames:
    """Page ``number`` as a clip (T, H, W, 3), uint8, rising by a pixel a frame.

    The same bytes every time, with one version of Pillow: its own font is used.
    """
    tall = _page(number, height + frames - 1, width, size=max(height * LETTER, 4.0))
    return np.stack([tall[i : i + height] for i in range(frames)])


def _page(number: int, height: int, width: int, *, size: float) -> Frames:
    """Black on white and white on black, paragraph by paragraph: (H, W, 3)."""
    generator = seeding.numpy_generator(0, "text page", number)
    font = _font(size)
    page = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(page)
    line, margin, top, paragraph = round(1.25 * size), round(MARGIN * width), 0, 0
    while top < height:
        ink, paper = ("black", "white") if paragraph % 2 == 0 else ("white", "black")
        for _ in range(int(generator.integers(3, 6))):
            draw.rectangle((0, top, width, top + line - 1), fill=paper)
            draw.text((margin, top), _line(generator, font, width - 2 * margin), ink, font)
            top += line
        paragraph += 1
    return np.asarray(page)


def _line(generator: np.random.Generator, font: ImageFont.FreeTypeFont, width: int) -> str:
    """Words as long as they fit in ``width`` pixels."""
    line = ""
    while True:
        word = WORDS[int(generator.integers(len(WORDS)))]
        longer = f"{line} {word}".strip()
        if font.getlength(longer) > width:
            return line or word
        line = longer


@cache
def _font(size: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # Pillow's own has sizes since 10.1
    return font
