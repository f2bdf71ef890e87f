from pathlib import Path

import pytest

from pvvae.data.video.containers import missing_bytes
from pvvae.data.video.video import count_frames, probe

MP4 = Path("tests/data/plain.mp4").read_bytes()


@pytest.mark.parametrize(
    "tail",
    [
        bytes(32),
        b"\xff" * 32,
        b"\0\0\0\x40free" + bytes(24),
        b"a line of text, 32 bytes long\n\n\n",
    ],
)
def test_bytes_behind_the_last_box_are_no_truncation(tail):
    assert missing_bytes(MP4 + tail) == 0
    assert count_frames(MP4 + tail) == probe(MP4 + tail).frames == count_frames(MP4)


@pytest.mark.parametrize("lost", [1, 32, len(MP4) // 2])
def test_a_box_with_frames_or_their_index_that_is_cut_is_a_truncation(lost):
    assert missing_bytes(MP4[:-lost]) == lost


def test_quicktime_files_from_before_there_was_ftyp_are_looked_at_too():
    old = MP4[int.from_bytes(MP4[:4], "big") :]
    assert missing_bytes(old) == 0
    assert missing_bytes(old[:-9]) == 9


def test_a_recording_that_was_never_closed_promises_nothing():
    assert missing_bytes(b"RIFF" + b"\xff" * 4 + b"AVI LIST") == 0
    assert missing_bytes(b"RIFF" + (100).to_bytes(4, "little") + b"AVI LIST") == 92
