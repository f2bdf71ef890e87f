import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from pvvae.data.video.pixels import to_pixels
from pvvae.data.video.video import Frames, write_video
from pvvae.evaluation.folders import run
from pvvae.evaluation.folders.measure import ClipMeasurer, table
from pvvae.evaluation.folders.question import Question
from pvvae.evaluation.folders.run import measure_sets
from pvvae.metrics.c3d import C3D
from pvvae.metrics.fvd import FVD
from pvvae.metrics.i3d import I3D
from pvvae.metrics.inception_score import inception_score
from pvvae.metrics.lpips import LPIPS
from pvvae.metrics.per_frame import to_unit
from pvvae.metrics.psnr import frame_psnr
from pvvae.metrics.results import Results
from pvvae.metrics.ssim import frame_ssim
from tests.pvvae.metrics.small_c3d import write_small_c3d
from tests.toy_clips import moving_pattern


@pytest.fixture
def clips() -> dict[str, tuple[Frames, Frames]]:
    """Three clips of 9 x 40 x 48 and what a codec of noise makes of them."""
    noise = np.random.default_rng(0)
    made = {}
    for i, name in enumerate(("a", "b/c", "b/d")):
        real = moving_pattern(i, frames=9)[:, :40, :48]
        off = noise.integers(-9 - i, 10 + i, real.shape)
        made[name] = (real, (real + off).clip(0, 255).astype(np.uint8))
    return made


@pytest.fixture
def folders(clips: dict[str, tuple[Frames, Frames]], tmp_path: Path) -> Path:
    """Folders A and B of these clips as arrays."""
    for name, pair in clips.items():
        for side, clip in zip("AB", pair, strict=True):
            path = tmp_path / side / f"{name}.npy"
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, clip)
    return tmp_path


def ask(folder: Path, *metrics: str, b: str = "B", out: Path | None = None, **more: Any) -> Results:
    question = Question(real=folder / "A", generated=folder / b, metrics=metrics, **more)
    return measure_sets(question, device="cpu", out=out)


def plain(results: Results) -> dict[str, Any]:
    return {name: value for name, value in results.plain().items() if name != "times"}


@pytest.fixture
def remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """I3D looks at each clip once: it is the same network, and all the time there is."""
    known: dict[bytes, torch.Tensor] = {}
    forward = I3D.forward

    def look(self: I3D, clips: torch.Tensor) -> torch.Tensor:
        key = clips.numpy().tobytes()
        if key not in known:
            known[key] = forward(self, clips)
        return known[key]

    monkeypatch.setattr(I3D, "forward", look)


@pytest.mark.usefixtures("remembered")
def test_values_are_those_of_the_metrics_themselves(
    clips: dict[str, tuple[Frames, Frames]], folders: Path
) -> None:
    found = ask(folders, "fvd", "kvd", "rfvd", "psnr", "ssim", "lpips", observed=5)
    videos, perceptual = FVD(), LPIPS("alex")
    frames: dict[str, list[torch.Tensor]] = {"psnr": [], "ssim": [], "lpips": []}
    for real, generated in clips.values():
        videos.update(torch.from_numpy(real)[None], real=True)
        videos.update(torch.from_numpy(generated)[None], real=False)
        x, recon = to_pixels(real), to_pixels(generated)
        frames["psnr"].append(frame_psnr(to_unit(recon), to_unit(x)))
        frames["ssim"].append(frame_ssim(to_unit(recon), to_unit(x)))
        frames["lpips"].append(perceptual(recon, x))
    distance, pairs = videos.compute(), videos.compute(paired=True)
    assert found.metrics["fvd"].value == distance.fvd
    assert found.metrics["kvd"].value == distance.kvd
    assert found.metrics["rfvd"].interval == pairs.fvd_interval
    assert "3 clips, fewer than I3D's 400 features" in str(found.metrics["fvd"].note)
    for name, values in frames.items():
        whole = torch.cat(values)
        for kind, part in (("", whole), ("_observed", whole[:, :5]), ("_predicted", whole[:, 5:])):
            value = found.metrics[name + kind]
            assert value.value == pytest.approx(float(part.mean()), rel=1e-12)
            assert value.interval is not None
        assert found.facts["curves"][name] == pytest.approx(whole.mean(0).tolist(), rel=1e-12)
    assert found.protocol["size"] == "9x40x48"
    assert found.counts == {"real": 3, "generated": 3}
    shown = table(found)
    assert "3 of A, 3 of B" in shown and "3 pairs" in shown
    assert shown.count("fewer than I3D's 400 features") == 1


def test_is_counts_the_classes_of_each_network_under_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(I3D, "forward", lambda self, clips: clips[:, 0, :20, :20, 0].flatten(1) / 9)
    (tmp_path / "A").mkdir()
    np.save(tmp_path / "A" / "x.npy", moving_pattern(9, frames=3))  # not read
    np.save(tmp_path / "A" / "y.npy", moving_pattern(8, frames=3))
    clips = torch.stack([torch.from_numpy(moving_pattern(i, frames=16)) for i in range(2)])
    (tmp_path / "B").mkdir()
    for i, clip in enumerate(clips):
        np.save(tmp_path / "B" / f"{i}.npy", clip.numpy())
    file, mean = write_small_c3d(tmp_path)
    found = ask(tmp_path, "is", c3d=file, c3d_mean=mean)
    for network, name in ((I3D(), "is_i3d_k400"), (C3D(file=file, mean=mean), "is_c3d_ucf101")):
        score = inception_score(network(clips).double().softmax(1))
        assert found.metrics[f"{name}_one_split"].value == pytest.approx(score, rel=1e-6)
        assert found.protocol[name]["num_generated"] == 2
    assert found.weights.keys() == {"i3d", "c3d_ucf101", "c3d_mean"}
    assert found.counts == {"generated": 2}
    assert "2 of B" in table(found)


def test_folders_of_frames_measure_as_the_arrays_do(
    clips: dict[str, tuple[Frames, Frames]], folders: Path
) -> None:
    for name, (_, generated) in clips.items():
        (folders / "F" / name).mkdir(parents=True)
        for i, frame in enumerate(generated):
            Image.fromarray(frame).save(folders / "F" / name / f"{i}.png")
    arrays, frames = ask(folders, "psnr"), ask(folders, "psnr", b="F")
    assert frames.metrics == arrays.metrics
    assert frames.protocol == arrays.protocol
    assert [f.facts["sets"]["generated"]["sha256"] for f in (arrays, frames)] == (
        [frames.facts["sets"]["generated"]["sha256"]] * 2
    )


def test_a_codec_shows_in_the_protocol_and_beside_every_value(
    clips: dict[str, tuple[Frames, Frames]], folders: Path
) -> None:
    for name, (_, generated) in clips.items():
        write_video(folders / "V" / f"{name}.mp4", generated, fps=8)
    found = ask(folders, "psnr", "ssim", b="V")
    assert found.protocol["clips"]["lossless"] == {"real": True, "generated": False}
    assert all("not lossless" in str(value.note) for value in found.metrics.values())
    assert table(found).count("note: B is not lossless") == 1


def test_clips_of_one_colour_are_counted_beside_every_value(folders: Path) -> None:
    np.save(folders / "B" / "a.npy", np.full((9, 40, 48, 3), 7, np.uint8))
    found = ask(folders, "psnr")
    assert found.metrics["psnr"].note == "1 of 3 clips of B are of one colour"
    assert found.facts["sets"]["real"]["constant"] == 0


def test_clips_that_are_brought_to_a_size_are_cut_and_counted(folders: Path) -> None:
    found = ask(folders, "psnr", size=(20, 20), num=2, frames=4)
    assert found.protocol["size"] == "4x20x20"
    assert found.counts == {"real": 2, "generated": 2}
    assert len(found.facts["curves"]["psnr"]) == 4


def test_a_cut_measurement_goes_on_and_says_the_same(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = folders / "found.json"
    whole = plain(ask(folders, "psnr", "ssim"))
    measured = []
    row = ClipMeasurer.row

    def cut(self: ClipMeasurer, *sources: Any) -> Any:
        measured.append(sources)
        if len(measured) == 3:
            raise KeyboardInterrupt
        return row(self, *sources)

    monkeypatch.setattr(ClipMeasurer, "row", cut)
    with pytest.raises(KeyboardInterrupt):
        ask(folders, "psnr", "ssim", out=out)
    assert not out.exists()
    ask(folders, "psnr", "ssim", out=out)
    assert len(measured) == 4  # the third, once more
    written = json.loads(out.read_text())
    del written["times"]
    assert written == json.loads(json.dumps(whole))
    assert sorted(p.name for p in folders.iterdir()) == ["A", "B", "found.json"]


@pytest.mark.parametrize(
    ("change", "again"), [("nothing", 0), ("file", 1), ("fewer", 0), ("question", 3)]
)
def test_what_was_measured_of_the_same_files_in_the_same_way_is_used(
    change: str, again: int, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = folders / "found.json"
    monkeypatch.setattr(run, "conclude", _interrupted)
    with pytest.raises(KeyboardInterrupt):
        ask(folders, "psnr", out=out)
    monkeypatch.undo()
    more: dict[str, Any] = {}
    if change == "file":
        np.save(folders / "B" / "a.npy", np.load(folders / "A" / "a.npy"))
    elif change == "fewer":
        more = {"num": 2, "observed": 3}
    elif change == "question":
        more = {"frames": 5}
    measured = []
    row = ClipMeasurer.row

    def counted(self: ClipMeasurer, *sources: Any) -> Any:
        measured.append(sources)
        return row(self, *sources)

    monkeypatch.setattr(ClipMeasurer, "row", counted)
    found = plain(ask(folders, "psnr", out=out, **more))
    assert len(measured) == again
    assert found == plain(ask(folders, "psnr", **more))


def _interrupted(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt
