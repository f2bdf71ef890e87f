"""What a reconstruction, or a prediction, keeps of the file it is made of, and what it leaves."""

import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import pytest
import yaml

from launchers import cli
from pvvae.data.video.timeline import read_timeline
from pvvae.data.video.video import iterate_video, probe, read_video, write_video
from tests.corners import CORNERS, corners_of, four_corners
from tests.launchers.squares import FPS, moving_squares

COMMANDS = ("reconstruct", "predict")
TURNED = (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
"""A display matrix: a quarter turn clockwise."""


def run(*words: str | Path) -> int:
    return cli.main([str(word) for word in words])


def test_an_odd_size_is_given_back(tmp_path: Path, vae_run: Path) -> None:
    source, out = tmp_path / "in.mp4", tmp_path / "out.mp4"
    write_video(source, moving_squares(5, 241, 321), fps=FPS)
    assert run("reconstruct", source, out, "--run", vae_run) == 0
    assert read_video(out).shape == (5, 241, 321, 3)


@pytest.mark.parametrize("command", COMMANDS)
def test_frames_keep_their_times(command: str, tmp_path: Path, vae_run: Path) -> None:
    source, out = tmp_path / "in.mp4", tmp_path / "out.mp4"
    times = [Fraction(i * i, 3) for i in range(18)]  # ever slower
    write_video(source, moving_squares(17, 32, 48), fps=2, times=times)
    assert run(command, source, out, "--run", vae_run) == 0
    assert read_timeline(out).times == tuple(times)


@pytest.mark.parametrize("command", COMMANDS)
def test_times_that_cannot_be_kept_are_a_line(
    command: str, tmp_path: Path, vae_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "in.avi", tmp_path / "out.mp4"
    with av.open(str(source), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"bf": "2"})
        stream.height, stream.width, stream.pix_fmt = 32, 48, "yuv420p"
        for frame in moving_squares(17, 32, 48):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    assert run(command, source, out, "--run", vae_run) == 0
    assert (
        f"{source}: does not say when each frame is shown, or not in order; "
        f"written at {FPS} frames a second" in capsys.readouterr().out.splitlines()
    )
    assert probe(out).fps == FPS


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("matrix", [None, TURNED])
def test_pixels_keep_their_shape(
    command: str, matrix: tuple[int, ...] | None, tmp_path: Path, vae_run: Path
) -> None:
    source, out = tmp_path / "in.mp4", tmp_path / "out.mp4"
    with av.open(str(source), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.height, stream.width, stream.pix_fmt = 32, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(128, 117)
        stream.set_display_matrix(matrix)
        for frame in moving_squares(17, 32, 48):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    assert run(command, source, out, "--run", vae_run) == 0
    assert read_timeline(out).aspect == (
        Fraction(128, 117) if matrix is None else Fraction(117, 128)
    )
    if command == "reconstruct":
        shape = (32, 48, 3) if matrix is None else (48, 32, 3)
        assert next(iterate_video(out, squared=False)).shape == shape


def test_a_mirrored_video_is_predicted_as_it_is_seen(tmp_path: Path, vae_run: Path) -> None:
    source, out = tmp_path / "in.mp4", tmp_path / "out.mp4"
    with av.open(str(source), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "1"})
        stream.height, stream.width, stream.pix_fmt = 32, 48, "yuv420p"
        stream.set_display_matrix((-(1 << 16), 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30))
        for _ in range(17):
            frame = av.VideoFrame.from_ndarray(four_corners(32, 48), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert run("predict", source, out, "--run", vae_run) == 0
    left = read_video(out)[0, -32:, :48]  # below the bar, beside the prediction
    top_left, top_right, bottom_left, bottom_right = CORNERS
    assert corners_of(left) == [top_right, top_left, bottom_right, bottom_left]


def test_a_trimmed_video_is_reconstructed(
    tmp_path: Path, vae_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.mp4"
    assert run("reconstruct", "tests/data/edit_list.mp4", out, "--run", vae_run) == 0
    assert len(read_video(out)) == 15
    assert f"{out}: 15 frames" in capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_told_to_end_leaves_nothing_half_written_and_says_so(
    command: str,
    number: signal.Signals,
    tmp_path: Path,
    vae_run: Path,
) -> None:
    config = yaml.safe_load((vae_run / "config.yaml").read_text())
    config["plugins"] = [str(Path("tests/launchers/signalling.py").resolve())]
    # The second clip of a reconstruction comes when the first is in the file already.
    where = {"signal": int(number), "clip": 2 if command == "reconstruct" else 1}
    config["backbone"] = {"name": "signalling", "latent_channels": 4} | where
    (vae_run / "config.yaml").write_text(yaml.safe_dump(config))
    folder = tmp_path / "videos"
    source, out = folder / "in.mp4", folder / "out.mp4"
    write_video(source, moving_squares(40, 32, 48), fps=FPS)
    # In a process of its own: a plugin stays registered.
    done = subprocess.run(
        [sys.executable, "-m", "launchers", command, source, out, "--run", vae_run],
        stderr=subprocess.PIPE,
        text=True,
        # As at a terminal; what nohup has started ignores the signal.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert done.returncode == 128 + number
    said = done.stderr.replace("\r", "\n").splitlines()
    assert said[-1] == f"pvvae: interrupted; {out} is as it was before"
    assert [path.name for path in folder.iterdir()] == ["in.mp4"]
