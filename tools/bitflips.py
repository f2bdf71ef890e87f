"""How many videos with one flipped bit are read with other pixels, unnoticed.

    python tools/bitflips.py            1,500 flips, 250 in each of six kinds; a minute
    python tools/bitflips.py 1000       in each kind

A flip is "refused" (an error in one line), "same" (it changed no pixel) or "other": a change that
cannot be seen. Videos, places and bits follow from fixed seeds; a table in Markdown is printed.
"""

import io
import sys

import av
import numpy as np
from numpy.typing import NDArray

from pvvae.data.video.video import read_video
from pvvae.errors import ConfigError

KINDS = {
    "MP4, H.264": ("mp4", "libx264", {}),
    "Matroska, H.264": ("matroska", "libx264", {}),
    "WebM, VP9": ("webm", "libvpx-vp9", {}),
    "AVI, MPEG-4": ("avi", "mpeg4", {}),
    "MPEG, MPEG-2": ("mpeg", "mpeg2video", {}),
    "MP4, H.265 with checksums": ("mp4", "libx265", {"x265-params": "hash=1:log-level=none"}),
}
FRAMES, HEIGHT, WIDTH = 20, 96, 128


def video(format: str, codec: str, options: dict[str, str]) -> bytes:
    """Sliding blocks of random colours."""
    coarse = np.random.default_rng(0).integers(0, 255, (HEIGHT // 4, WIDTH // 4, 3))
    picture = np.kron(coarse, np.ones((4, 4, 1))).astype(np.uint8)
    file = io.BytesIO()
    with av.open(file, "w", format=format) as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.codec_context.thread_count = 1  # equal bytes every time
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, "yuv420p"
        for i in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(np.roll(picture, i, axis=1), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def outcome(data: bytes, right: NDArray[np.uint8]) -> str:
    """What becomes of a damaged video."""
    try:
        return "same" if np.array_equal(read_video(data), right) else "other"
    except ConfigError:
        return "refused"


def main(flips: int) -> None:
    """Print a row for each kind, and their sum."""
    total: dict[str, int] = {}
    print("| video | refused | same pixels | other pixels |\n|---|---|---|---|")
    for kind, (name, (format, codec, options)) in enumerate(KINDS.items()):
        whole = video(format, codec, options)
        right = read_video(whole)
        counts = dict.fromkeys(("refused", "same", "other"), 0)
        for flip in range(flips):
            draw = np.random.default_rng([kind, flip])
            data = bytearray(whole)
            data[draw.integers(len(data))] ^= 1 << int(draw.integers(8))
            counts[outcome(bytes(data), right)] += 1
        total = {key: total.get(key, 0) + value for key, value in counts.items()}
        print(f"| {name} | {' | '.join(map(str, counts.values()))} |", flush=True)
    print(f"| all | {' | '.join(map(str, total.values()))} |")
    print(f"\n{total['other'] / sum(total.values()):.1%} are read with other pixels.")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 250)
