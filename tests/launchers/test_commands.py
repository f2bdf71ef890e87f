"""The commands that use a trained model, and those that look at data and runs."""

import json
import os
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from launchers import cli
from pvvae.data.video.video import probe, read_video, write_video
from pvvae.run.progress_file import ItemProgress
from tests.launchers.conftest import toy_vae_run
from tests.launchers.squares import FPS, moving_squares


def run(*words: str | Path) -> None:
    assert cli.main([str(word) for word in words]) == 0


@pytest.mark.parametrize("frames", [1, 16, 17, 20, 36])
def test_a_reconstruction_has_the_length_size_and_rate_of_the_video(
    frames: int, tmp_path: Path, vae_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "in.mp4", tmp_path / "out.mp4"
    write_video(source, moving_squares(frames, 50, 70), fps=FPS)
    run("reconstruct", source, out, "--run", vae_run)
    assert read_video(out).shape == (frames, 50, 70, 3)
    assert probe(out).fps == FPS
    assert f"{frames} frames, PSNR" in capsys.readouterr().out


def test_a_prediction_shows_truth_and_prediction_and_where_it_begins(
    videos: Path, tmp_path: Path, vae_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.mp4"
    run("predict", videos / "left/left.mp4", out, "--run", vae_run, "--observed", 9)
    frames = read_video(out).astype(int)
    assert frames.shape == (17, 54, 142, 3)  # 52 rows and the bar, twice 70 columns and the gap
    orange = frames[:, 0, :, 0].mean(axis=1) - frames[:, 0, :, 2].mean(axis=1) > 100
    assert orange.tolist() == [False] * 9 + [True] * 8
    printed = capsys.readouterr().out
    assert "MSE of prediction" in printed
    assert "MSE of repeating frame 9" in printed


def test_a_gaussian_pad_is_predicted_from_with_noise_of_the_seed(
    videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vae = toy_vae_run(tmp_path / "gaussian", pad="gaussian")
    said = []
    for i, seed in enumerate((0, 0, 1)):
        out = tmp_path / f"{i}.mp4"
        run("predict", videos / "left/left.mp4", out, "--run", vae, "--seed", seed)
        said.append(capsys.readouterr().out.splitlines()[0])
    assert said[0].startswith("MSE of prediction: ")
    assert said[0] == said[1] != said[2]


def test_sampling_writes_a_video_of_each_sample_and_a_contact_sheet(
    latte_run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "samples"
    words = ["sample", "--run", latte_run, "--num", 3, "--steps", 2, "--classes", "right"]
    run(*words, "--out", out)
    names = [f"{i:06d}_right.mp4" for i in range(3)]
    found = sorted(path.name for path in out.iterdir() if not path.name.startswith("."))
    assert found == [*names, "contact_sheet.mp4"]
    assert read_video(out / names[0]).shape == (5, 32, 48, 3)


def test_the_same_samples_are_shown_as_asked(
    latte_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sample", "--run", latte_run, "--num", 2, "--steps", 1, "--classes", "left"]
    run(*words, "--out", tmp_path / "out", "--format", "frames")
    shown, clip = tmp_path / "out", tmp_path / "out/.run/clips/000001.npy"
    found = sorted(path.name for path in shown.iterdir() if not path.name.startswith("."))
    assert found == ["000000_left", "000001_left"]
    assert sorted(path.name for path in (shown / "000001_left").iterdir()) == [
        f"{i:04d}.png" for i in range(5)
    ]
    made = clip.stat().st_mtime_ns
    run(*words, "--out", tmp_path / "out", "--format", "gif,sheet")
    assert clip.stat().st_mtime_ns == made
    assert {path.name for path in shown.iterdir() if path.is_file()} == {
        "000000_left.gif",
        "000001_left.gif",
        "contact_sheet.mp4",
    }
    assert "2 samples as gif, sheet" in capsys.readouterr().out


def test_more_samples_begin_with_the_same_ones(latte_run: Path, tmp_path: Path) -> None:
    for num in (1, 2):
        run("sample", "--run", latte_run, "--num", num, "--steps", 2, "--out", tmp_path / str(num))
    one, two = (np.load(tmp_path / num / ".run/clips/000000.npy") for num in "12")
    np.testing.assert_array_equal(one, two)


def test_packing_prints_what_was_packed_and_what_was_not(
    videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mixed = tmp_path / "mixed"
    (mixed / "some").mkdir(parents=True)
    (mixed / "some/good.mp4").write_bytes((videos / "left/left.mp4").read_bytes())
    (mixed / "some/bad.mp4").write_bytes(b"no video at all")
    write_video(mixed / "some/short.mp4", moving_squares(5, 52, 70), fps=FPS)
    run("data", "pack", mixed, tmp_path / "out", "--short-side", 48, "--shards", 1)
    printed = capsys.readouterr().out
    assert "2 clips of 1 videos and images in 1 shards" in printed
    assert "rejected some/bad.mp4: " in printed
    assert "rejected some/short.mp4: 5 frames, 17 are needed" in printed


def test_a_listing_counts_clips_by_class(packed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("data", "list", packed)
    lines = capsys.readouterr().out.splitlines()
    assert "4 clips of 2 videos and images in 2 shards" in lines[0]
    assert lines[1:] == [
        "  frames x height x width: 17x48x65",
        "  class left: 2 clips",
        "  class right: 2 clips",
    ]


def test_a_dry_run_prints_the_config_and_the_command_and_makes_nothing(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("train", config, "optimizer.lr=3e-4", "--processes", 2, "--dry")
    printed = capsys.readouterr().out
    assert "lr: 0.0003" in printed
    assert "--num_accelerators 2" in printed
    assert f"--module stages {config} optimizer.lr=3e-4" in printed
    assert not (tmp_path / "run").exists()


def test_a_finished_run_is_not_started_again(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/finished.json").write_text("{}")
    run("train", config)
    assert capsys.readouterr().out == f"{tmp_path / 'run'}: finished already\n"


def test_status_tells_stage_steps_state_and_last_metrics(
    vae_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (vae_run / "config.yaml").open("a") as file:
        file.write("steps: 100\n")
    lines = [{"step": step, "kind": "train", "mse": 0.5 / step, "times": {}} for step in (10, 20)]
    (vae_run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    run("status", tmp_path)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split() == [
        str(vae_run),
        "predictive",
        "interrupted",
        "20/100",
        "train:",
        "mse",
        "0.025",
    ]


def test_status_tells_clips_pace_and_time_left_of_a_run_without_steps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_folder = tmp_path / "samples"
    run_folder.mkdir()
    (run_folder / "config.yaml").write_text("stage: generate\n")
    standing = ItemProgress(done=80, total=2048, begun=16, seconds=320.0)
    (run_folder / "progress.json").write_text(json.dumps(asdict(standing)))
    run("status", tmp_path)
    shown = f"{run_folder}  generate  interrupted  80/2048 clips  5 s/clip, 2 h 44 min left"
    assert capsys.readouterr().out == shown + "\n"
    (run_folder / "finished.json").write_text("{}")
    run("status", tmp_path)
    assert capsys.readouterr().out == f"{run_folder}  generate  finished  80/2048 clips\n"


def test_status_of_a_pipeline_is_in_the_order_of_the_method_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["image_pretrain", "predictive", "extract_latents", "latte", "evaluate_generation"]
    for stage in names:
        (tmp_path / stage).mkdir()
        (tmp_path / stage / "config.yaml").write_text(f"stage: {stage}\n")
    (tmp_path / "image_pretrain/finished.json").write_text("{}")
    run("status", tmp_path)
    *rows, last = capsys.readouterr().out.splitlines()
    assert [row.split()[1] for row in rows] == names
    assert last == "5 runs: 1 finished, 4 interrupted"


def test_status_tells_what_went_wrong_and_since_when_nothing_was_written(
    vae_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    step = {"kind": "train", "diff": 1.0, "mse": 0.5, "lpips": 0.25, "times": {}}
    lines = [
        {"step": 10, "skipped": 2, "spikes": 0, **step},
        {"step": 10, "kind": "rollback", "number": 1, "from_step": 12, "times": {}},
        {"step": 20, "skipped": 1, "spikes": 4, **step},
    ]
    path = vae_run / "metrics.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    os.utime(path, (0, time.time() - 7800))
    run("status", tmp_path)
    (line,) = capsys.readouterr().out.splitlines()
    assert line == (
        f"{vae_run}  predictive  interrupted, quiet for 2 h 10 min  "
        "train: mse 0.5 lpips 0.25  skipped 3  rolled back 1  spikes 4"
    )


def test_a_comparison_and_a_report_of_a_run(
    vae_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = {"step": 1, "kind": "held_out", "psnr": 31.38, "times": {}}
    (vae_run / "metrics.jsonl").write_text(json.dumps(line) + "\n")
    run("compare", vae_run)
    assert "31.38" in capsys.readouterr().out
    run("report", tmp_path, "--out", tmp_path / "page", "--plots", tmp_path / "plots")
    plot, page = map(Path, capsys.readouterr().out.splitlines())
    assert plot.read_text().startswith("<svg")
    assert plot.parent == tmp_path / "plots"
    assert page == tmp_path / "page" / "index.html"
    assert str(vae_run.name) in page.read_text()


def test_configs_lists_what_can_be_run(capsys: pytest.CaptureFixture[str]) -> None:
    run("configs", "tiny/vit")
    (listed,) = capsys.readouterr().out.strip().split("\n\n")
    assert all("tiny/vit/" in line for line in listed.splitlines())
    assert "predictive.yaml" in listed
    assert "backbone.yaml" not in listed
