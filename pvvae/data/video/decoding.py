"""A video file opened and decoded by FFmpeg, which is told what it may open and asked what it saw.

Damage is refused where it can be seen: bytes missing at the end, packets or frames that do not
come, packets and frames that FFmpeg marks as corrupt, checksums that do not hold (HEVC's, FFV1's).
A flipped bit that decodes to other pixels without breaking the code cannot be seen: most codecs
have no checksum (docs/videos.md has the share, `tools/bitflips.py` measures it).
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
from av.stream import Disposition

from pvvae.data.video.containers import missing_bytes
from pvvae.data.video.display import MAX_PIXELS, DisplayError, check_size
from pvvae.errors import ConfigError

FORMATS = ("mov", "matroska", "avi", "mpeg", "mpegts", "mpegvideo", "asf", "flv", "ogg", "mxf")
"""FFmpeg's names of the containers that are opened, MP4 among "mov" and WebM among "matroska". A
file's content decides which it is, never which other files or addresses are opened: playlists,
scripts and session descriptions (concat, HLS, DASH, SDP) name those, and are not here."""
DAMAGE = "crccheck+explode"
"""FFmpeg's err_detect: checksums are compared, and a decoder that finds an error stops."""
SLACK = 0.1  # ours: seconds; rounding of a duration in a Matroska header is below a millisecond


class DamagedError(Exception):
    """The file opens or decodes, but not to what it promises."""


def source_name(source: Path | str | bytes, name: str | None) -> str:
    """What errors call a source."""
    return name or ("video bytes" if isinstance(source, bytes) else str(source))


@contextmanager
def opened(source: Path | str | bytes, name: str | None) -> Iterator[tuple[Any, Any]]:
    """Container and video stream; whatever FFmpeg says on the way becomes one line.

    Raises:
        ConfigError: naming the file and the reason, here or in the body.
    """
    where = source_name(source, name)
    if not isinstance(source, bytes) and not Path(source).is_file():
        raise ConfigError(f"{where}: no such file")
    try:
        lost = missing_bytes(source)
        if lost:
            raise DamagedError(f"truncated, {lost} bytes are missing")
        with _container(source) as container:
            stream = _video_stream(container)
            check_size(width=stream.width or 0, height=stream.height or 0)
            # Parallelism is across clips (workers), so that 8 workers are not 8 times all cores.
            stream.codec_context.thread_count = 1
            stream.codec_context.options = {"err_detect": DAMAGE, "max_pixels": str(MAX_PIXELS)}
            yield container, stream
    except (DamagedError, DisplayError, PermissionError) as error:
        raise ConfigError(f"{where}: {error}") from None
    except av.FFmpegError as error:
        raise ConfigError(f"{where}: cannot be decoded ({error.strerror})") from None
    except ConfigError:
        raise
    except (ValueError, ArithmeticError, MemoryError) as error:  # PyAV's, of impossible headers
        raise ConfigError(f"{where}: cannot be decoded ({error})") from None


def _container(source: Path | str | bytes) -> Any:
    # With "file:" a colon in a name is a colon, and no name is a protocol.
    file = io.BytesIO(source) if isinstance(source, bytes) else f"file:{source}"
    options = {"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "file"}
    try:
        # Titles are in any encoding; they are not looked at.
        return av.open(file, options=options, metadata_errors="replace")
    except av.ArgumentError:
        known = ", ".join(FORMATS)
        raise DamagedError(
            f"cannot be decoded (holds none of the formats that are read: {known})"
        ) from None


def _video_stream(container: Any) -> Any:
    """The first stream of moving pictures; a cover is none."""
    for stream in container.streams.video:
        if stream.disposition & Disposition.attached_pic:
            continue
        if stream.codec_context is None:
            raise DamagedError("cannot be decoded (its codec is not known)")
        return stream
    raise DamagedError("has no video stream")


def decoded(container: Any, stream: Any) -> Iterator[Any]:
    """All frames of a stream as FFmpeg's, checked for damage.

    Two kinds of packets promise no frame. Those that the container discards: an edit list hides
    what comes before the first frame to be shown. And those that are shown before the first coded
    one, which refer to what a cut took away; they come if they can be decoded.

    Raises:
        DamagedError: at the frame where it shows, or at the end if something has not come.
    """
    packets = promised = frames = kept = 0
    first: int | None = None
    end = 0.0
    for packet in container.demux(stream):
        if packet.size:
            first = packet.pts if first is None else first
            packets += not packet.is_discard
            promised += not (packet.is_discard or _leads(packet, first))
        if packet.is_corrupt:
            raise DamagedError(f"damaged at frame {frames}")
        for frame in packet.decode():
            if frame.is_corrupt and not _leads(frame, first):
                raise DamagedError(f"damaged at frame {frames}")
            if not frame.is_corrupt:
                frames += 1
                kept += not _leads(frame, first)
                end = max(end, frame.time or 0.0)
                yield frame
    # Only these promise a count or a length; others (AVI, MPEG) estimate theirs from the bit rate,
    # or count frames that were never stored.
    if counts_frames(container):
        listed = listed_packets(stream) if stream.frames else packets
        if packets < listed or kept < promised:
            raise DamagedError(f"only {frames} of {max(listed, packets)} frames can be decoded")
    elif "matroska" in container.format.name and len(container.streams) == 1 and container.duration:
        length = container.duration / av.time_base
        if end + 2 / float(stream.average_rate or 25) + SLACK < length:
            raise DamagedError(f"only {end:.2f} of {length:.2f} s can be decoded")


def counts_frames(container: Any) -> bool:
    """Whether the container's format says how many frames there are (MP4 and its kin)."""
    return "mov" in container.format.name.split(",")


def listed_packets(stream: Any) -> int:
    """Packets that the index of an MP4 lists and its edit list shows."""
    return sum(bool(entry.size) and not entry.is_discard for entry in stream.index_entries)


def has_leading(container: Any, stream: Any) -> bool:
    """Whether frames are shown before the first coded one, so that some may not be decodable."""
    first: int | None = None
    for packet in container.demux(stream):
        if packet.size and first is not None and not packet.is_discard:
            # Leading ones follow their key frame at once in coded order.
            return _leads(packet, first)
        if packet.size and first is None:
            first = packet.pts
    return False


def _leads(shown: Any, first: int | None) -> bool:
    """Whether a packet or frame is shown before the first coded packet."""
    return first is not None and shown.pts is not None and shown.pts < first
