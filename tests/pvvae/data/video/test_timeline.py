from fractions import Fraction

import av
import numpy as np
import pytest

from pvvae.data.video.timeline import read_timeline
from pvvae.data.video.video import iterate_video, probe, write_video
from tests.corners import four_corners

SECONDS = tuple(map(Fraction, ("0", "1/3", "1", "5/4", "2", "5/2")))
"""Five frames, and the end of the last."""


def frames(count: int) -> np.ndarray:
    return np.stack([np.roll(four_corners(32, 48), i, axis=1) for i in range(count)])


def test_times_of_frames_that_vary_are_written_and_read_exactly(tmp_path):
    path = tmp_path / "a.mp4"
    write_video(path, frames(5), fps=2, times=SECONDS)
    found = read_timeline(path)
    assert (found.frames, found.rate, found.times, found.timed) == (5, 2, SECONDS, True)
    with av.open(str(path)) as container:
        assert [frame.time for frame in container.decode(video=0)] == list(map(float, SECONDS[:5]))


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_constant_rate_is_one_though_its_times_are_rounded(suffix, tmp_path):
    rate = Fraction(30000, 1001)
    path = tmp_path / f"a.{suffix}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.height, stream.width, stream.pix_fmt = 32, 48, "yuv420p"
        for frame in frames(31):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    found = read_timeline(path)
    assert (found.rate, found.times, found.timed) == (rate, None, True)


def test_a_part_of_a_video_has_the_times_of_that_part(tmp_path):
    write_video(tmp_path / "a.mp4", frames(5), fps=2, times=SECONDS)
    found = read_timeline(tmp_path / "a.mp4", frames=3)
    assert found.frames == 3
    assert found.times == (0, Fraction(1, 3), 1, Fraction(5, 4))


def test_a_video_without_times_says_so(tmp_path):
    path = tmp_path / "a.avi"  # which has no place for them, and H.264 with frames out of order
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"bf": "2"})
        stream.height, stream.width, stream.pix_fmt = 32, 48, "yuv420p"
        for frame in frames(9):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    found = read_timeline(path)
    assert (found.frames, found.times, found.timed) == (9, None, False)
    assert found.untimed(path) == (
        f"{path}: does not say when each frame is shown, or not in order; "
        "written at 25 frames a second"
    )


@pytest.mark.parametrize(("height", "width"), [(33, 47), (241, 321), (32, 47), (33, 48)])
def test_odd_sizes_and_the_shape_of_pixels_are_written_as_they_are(height, width, tmp_path):
    path = tmp_path / "a.mp4"
    picture = np.zeros((height, width, 3), np.uint8)
    write_video(path, [picture] * 3, fps=8, aspect=Fraction(128, 117))
    assert (probe(path).height, probe(path).width) == (height, width)
    assert read_timeline(path).aspect == Fraction(128, 117)
    assert next(iterate_video(path, squared=False)).shape == (height, width, 3)


@pytest.mark.parametrize("fps", [1 / 5000, 0.1, 24, 1000])
def test_any_rate_can_be_written(fps, tmp_path):
    write_video(tmp_path / "a.mp4", frames(3), fps=fps)
    assert probe(tmp_path / "a.mp4").frames == 3
