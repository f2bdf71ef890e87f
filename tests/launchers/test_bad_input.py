"""A user's mistake is one line that says where, what, and what would be right; status 2."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from pvvae.data.video.video import write_video
from pvvae.files import write_text
from stages import program
from tests.launchers.squares import FPS, moving_squares

Told = Callable[..., str]


@pytest.mark.parametrize(
    ("override", "where", "right"),
    [
        ("objective.max_drop=1", "objective.max_drop", "did you mean 'max_drop_ratio'?"),
        ("stepz=3", "stepz", "did you mean 'steps'?"),
        ("stage=predict", "no stage is called 'predict'", "known stages: decoder_finetune, "),
        ("backbone.name=unet", "backbone.name", "known names: cnn, toy, vit"),
        ("sequence_parallel=0", "sequence_parallel", "at least 1"),
        ("steps=many", "steps", "must be a whole number"),
        ("steps=1.5", "steps", "must be a whole number"),
        ("pad=zeros", "pad", "must be one of learnable, gaussian"),
        ("data.buckets=3", "data.buckets", "must be a list"),
        ("optimizer=fast", "optimizer", "must be a mapping"),
        ("steps", "'steps'", "an override is written key.path=value"),
        ("plugins=[gone.py]", "plugins", "no plugin file"),
        ("loop.evaluate_every=3", "loop", "evaluate_every must be a multiple of log_every=2"),
        ("data.slots=0", "data", "slots: must be at least 1"),
        ("loop.log_every=0", "loop.", "log_every: must be at least 1, got 0"),
        ("loop.keep_last=0", "loop.", "keep_last: must be at least 1, got 0"),
        ("steps=0", "toy.yaml: steps", "must be at least 1, got 0"),
        ("held_out.clips=0", "held_out.", "clips: must be at least 1, got 0"),
        ("optimizer.lr=-1", "optimizer.", "lr: must be in [0, 1], got -1"),
        ("optimizer.betas=[0.9, 1]", "optimizer.", "betas[1]: must be in [0, 1), got 1"),
        ("engine.gradient_clipping=-1", "engine.", "gradient_clipping: must be at least 0"),
        ("engine.bucket_elements=0", "engine.", "bucket_elements: must be at least 1, got 0"),
        ("engine.persistent_elements=-1", "engine.", "persistent_elements: must be at least 0"),
        ("engine.ema_decay=1", "engine.", "ema_decay: must be in [0, 1), got 1"),
        ("engine.zero_stage=4", "engine.zero_stage", "must be one of 0, 1, 2, 3; got 4"),
        (
            "engine={zero_stage: 0, precision: bf16}",
            "engine: zero_stage 0 with bf16 would accumulate gradients in bf16",
            "use zero_stage 1, or precision: fp32",
        ),
        (
            "data.buckets=[{frames: 17, height: 32, width: 48, batch: 0}]",
            "batch",
            "must be at least 1, got 0",
        ),
    ],
)
def test_a_config_that_cannot_be(
    override: str, where: str, right: str, config: Path, told: Told
) -> None:
    loop = [f"loop.{name}_every=2" for name in ("log", "evaluate", "checkpoint")]
    line = told("train", config, *loop, override)
    assert where in line
    assert right in line


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("steps: 1\npad: [1", ":2: not valid YAML"),
        ("- steps", "a config is a mapping of keys, got list"),
        ("extends: gone.yaml", "gone.yaml: no such config file"),
        ("steps: 3", "names no stage; known stages: "),
        ("stage: predictive\nrun: r", "backbone: missing; stage predictive needs this key"),
    ],
)
def test_a_file_that_is_no_config(text: str, right: str, tmp_path: Path, told: Told) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    assert right in told("train", tmp_path / "mine.yaml")


def test_a_config_that_is_not_there(tmp_path: Path, told: Told) -> None:
    line = told("train", tmp_path / "gone.yaml")
    assert (
        line == f"{tmp_path}/gone.yaml: no such config file; `pvvae configs` lists the shipped ones"
    )


@pytest.mark.parametrize(
    ("override", "right"),
    [
        (
            "data.buckets=[{frames: 16, height: 32, width: 48, batch: 1}]",
            "data.buckets[0]: a clip must have 1 + n * 4 frames, got 16; "
            "nearest valid lengths: 13, 17",
        ),
        (
            "data.buckets=[{frames: 17, height: 40, width: 48, batch: 1}]",
            "data.buckets[0]: height must be a multiple of 16, got 40; nearest valid sizes: 32, 48",
        ),
        ("held_out.frames=18", "held_out: a clip must have 1 + n * 4 frames, got 18"),
        ("init=gone", "gone: no such run folder"),
    ],
)
def test_shapes_and_folders_that_do_not_fit_are_found_before_anything_is_launched(
    override: str, right: str, config: Path, tmp_path: Path, told: Told
) -> None:
    assert right in told("train", config, override)
    assert not (tmp_path / "run").exists()


def test_clips_that_are_longer_than_the_packed_ones(config: Path, told: Told) -> None:
    bucket = "data.buckets=[{frames: 33, height: 32, width: 48, batch: 1}]"
    line = told("train", config, bucket)
    assert "4 of 4 samples have too few frames" in line
    assert "33 are needed; pack again with --frames 33 or ask for smaller clips" in line


def test_a_folder_without_shards(config: Path, tmp_path: Path, told: Told) -> None:
    (tmp_path / "empty").mkdir()
    for folder in ("empty", "gone"):
        for words in (
            ["train", config, f"data.train={tmp_path / folder}"],
            ["data", "list", tmp_path / folder],
        ):
            line = told(*words)
            assert str(tmp_path / folder) in line
            assert "pvvae data pack" in line


def test_more_processes_than_slots(config: Path, told: Told) -> None:
    line = told("train", config, "--processes", 3)
    assert line == (
        "data.slots: 2 slots cannot be shared evenly by 3 processes; "
        "use 1 or 2 processes, or a multiple of 3 slots"
    )


def test_processes_that_cannot_share_a_clip(config: Path, told: Told) -> None:
    line = told("train", config, "sequence_parallel=2", "--processes", 3)
    assert line == (
        "sequence_parallel: 3 processes cannot be parted into teams of 2; "
        "use 1 or 3, or a multiple of 2 processes"
    )
    line = told("train", config, "sequence_parallel=2", "--processes", 2)
    assert line == "sequence_parallel: Toy cannot share a clip between 2 processes; use 1"


def test_more_processes_than_shards(config: Path, packed: Path, told: Told) -> None:
    line = told("train", config, "data.slots=4", "--processes", 4)
    assert line == f"{packed}: 2 shards for 4 processes; pack again with --shards 4 or more"


@pytest.mark.parametrize(
    ("words", "right"),
    [
        (["--processes", "0"], "--processes: must be at least 1, got 0"),
        (["--processes", "two"], "train: argument --processes: must be a whole number, got 'two'"),
        (["--hostfile", "gone"], "gone: no such hostfile; its lines are like: worker-1 slots=8"),
        (["--wrong"], "unrecognized arguments: --wrong; see `pvvae --help`"),
    ],
)
def test_words_that_cannot_be(words: list[str], right: str, config: Path, told: Told) -> None:
    assert right in told("train", config, *words)


def test_a_hostfile_that_deepspeed_would_not_read(config: Path, tmp_path: Path, told: Told) -> None:
    (tmp_path / "hosts").write_text("# ours\nworker-1 slots=8\nworker-2\n")
    line = told("train", config, "--hostfile", tmp_path / "hosts")
    assert line.endswith("'worker-2' is not a host; write lines like: worker-1 slots=8")


def test_a_run_folder_that_was_made_with_another_config(
    config: Path, tmp_path: Path, told: Told, told_by_stage: Told
) -> None:
    _begin(config, tmp_path / "run")
    right = "this run folder was made with another config: steps: 2 != 3; choose another run=..."
    for line in (told("train", config, "steps=3"), told_by_stage(config, "steps=3")):
        assert line.startswith(f"{tmp_path / 'run'}: {right}")
    assert (tmp_path / "run/metrics.jsonl").read_text() == "{}\n"


def test_a_run_folder_that_cannot_be_written(
    config: Path, tmp_path: Path, told_by_stage: Told
) -> None:
    (tmp_path / "file").write_text("no folder")
    line = told_by_stage(config, f"run={tmp_path / 'file' / 'run'}")
    assert (
        line == f"{tmp_path}/file/run: cannot be written (Not a directory); choose another run=..."
    )


@pytest.fixture
def checkpoints_of_no_use(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """What stands where the checkpoints of the run would: a file, or a disk that is read-only."""
    folder = tmp_path / "run/checkpoints"
    if request.param == "file":
        folder.parent.mkdir()
        folder.write_text("no folder")
        yield folder
        return
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize(
    ("checkpoints_of_no_use", "why"),
    [("file", "Not a directory"), ("disk", "Read-only file system")],
    indirect=["checkpoints_of_no_use"],
)
def test_checkpoints_that_cannot_be_written_are_found_before_the_first_step(
    checkpoints_of_no_use: Path, why: str, config: Path, tmp_path: Path, told_by_stage: Told
) -> None:
    line = told_by_stage(config)
    assert line == (
        f"{checkpoints_of_no_use}: cannot be written ({why}); nothing already saved is lost. "
        "See to that and give the same command again"
    )
    assert not (tmp_path / "run/metrics.jsonl").exists()


def test_a_full_disk_while_a_run_begins(config: Path, tmp_path: Path, told_by_stage: Told) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/.config.yaml.partial").symlink_to("/dev/full")
    line = told_by_stage(config)
    assert line.startswith(f"{tmp_path}/run/config.yaml: the disk is full; nothing already saved")
    assert "Free some space and give the same command again" in line


@pytest.fixture
def bad_videos(tmp_path: Path) -> Path:
    """One video of each kind of badness."""
    folder = tmp_path / "bad_videos"
    folder.mkdir()
    (folder / "text.mp4").write_text("no video at all")
    write_video(folder / "short.mp4", moving_squares(5, 32, 48), fps=FPS)
    write_video(folder / "whole.mp4", moving_squares(30, 32, 48), fps=FPS)
    content = (folder / "whole.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(content[: len(content) // 2])
    return folder


@pytest.mark.parametrize("command", ["reconstruct", "predict"])
@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("gone", "no such video"),
        ("text", "cannot be decoded"),
        ("cut", "truncated"),
    ],
)
def test_a_video_that_cannot_be_read(
    command: str, name: str, right: str, bad_videos: Path, vae_run: Path, told: Told
) -> None:
    video, out = bad_videos / f"{name}.mp4", bad_videos / "out.mp4"
    line = told(command, video, out, "--run", vae_run)
    assert line.startswith(f"{video}: {right}")
    assert not out.exists()


def test_a_video_with_fewer_frames_than_the_clip(
    bad_videos: Path, vae_run: Path, told: Told
) -> None:
    video = bad_videos / "short.mp4"
    line = told("predict", video, bad_videos / "out.mp4", "--run", vae_run)
    assert line == f"{video}: has 5 frames; give --frames 5 or fewer"


@pytest.mark.parametrize(
    ("word", "right"),
    [
        (
            "--observed=10",
            "--observed: a clip must have 1 + n * 4 frames, got 10; nearest valid lengths: 9, 13",
        ),
        (
            "--frames=16",
            "--frames: a clip must have 1 + n * 4 frames, got 16; nearest valid lengths: 13, 17",
        ),
        (
            "--observed=17",
            "--observed: 17 of 17 frames leave nothing to predict; use 13 or fewer",
        ),
    ],
)
def test_numbers_of_frames_that_are_no_clip(
    word: str, right: str, bad_videos: Path, vae_run: Path, told: Told
) -> None:
    video, out = bad_videos / "whole.mp4", bad_videos / "out.mp4"
    assert told("predict", video, out, "--run", vae_run, word) == right


def test_a_reconstruction_in_clips_of_an_invalid_length(
    bad_videos: Path, vae_run: Path, told: Told
) -> None:
    words = [bad_videos / "whole.mp4", bad_videos / "out.mp4", "--run", vae_run]
    assert "nearest valid lengths: 9, 13" in told("reconstruct", *words, "--frames", 10)


def test_a_result_that_cannot_be_written(bad_videos: Path, vae_run: Path, told: Told) -> None:
    out = bad_videos / "text.mp4" / "out.mp4"
    line = told("reconstruct", bad_videos / "whole.mp4", out, "--run", vae_run)
    assert line.startswith(f"{out}: cannot be written")


def test_a_run_without_checkpoint(bad_videos: Path, vae_run: Path, told: Told) -> None:
    shutil.rmtree(vae_run / "checkpoints")
    line = told("reconstruct", bad_videos / "whole.mp4", "out.mp4", "--run", vae_run)
    assert line == f"{vae_run}: this run has no checkpoint yet; train it first (pvvae train)"


def test_a_folder_that_is_no_run(bad_videos: Path, tmp_path: Path, told: Told) -> None:
    video = bad_videos / "whole.mp4"
    for words in (
        ["reconstruct", video, "out.mp4", "--run", tmp_path],
        ["sample", "--run", tmp_path],
    ):
        assert told(*words).startswith(f"{tmp_path}: not a run folder (it has no config.yaml)")


def test_a_run_of_the_wrong_stage(
    bad_videos: Path, vae_run: Path, latte_run: Path, told: Told
) -> None:
    assert "sampling needs one of stage latte" in told("sample", "--run", vae_run)
    line = told("reconstruct", bad_videos / "whole.mp4", "out.mp4", "--run", latte_run)
    assert line.startswith(f"{latte_run}: a run of stage latte holds no VAE; name one of image_")


def test_a_class_that_is_not_known(latte_run: Path, tmp_path: Path, told: Told) -> None:
    words = ["--run", latte_run, "--classes", "left,up", "--out", tmp_path / "out"]
    assert told("sample", *words) == "classes: no class is called 'up'; known: left, right"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "right"),
    [
        (
            ["--num", "0"],
            "sample: argument --num: must be at least 1, got 0; see `pvvae sample --help`",
        ),
        (
            ["--steps", "0"],
            "sample: argument --steps: must be at least 1, got 0; see `pvvae sample --help`",
        ),
        (
            ["--guidance", "-1"],
            "sample: argument --guidance: must be at least 0, got -1; see `pvvae sample --help`",
        ),
        (
            ["--format", "mp4,avi"],
            "--format[1]: must be one of mp4, gif, frames, sheet; got 'avi'",
        ),
        (["--format", ","], "--format: name one at least of mp4, gif, frames, sheet"),
    ],
)
def test_samples_that_cannot_be(words: list[str], right: str, latte_run: Path, told: Told) -> None:
    assert told("sample", "--run", latte_run, *words) == right


def test_nothing_to_pack(tmp_path: Path, bad_videos: Path, told: Told) -> None:
    (tmp_path / "empty").mkdir()
    assert "no such folder" in told("data", "pack", tmp_path / "gone", tmp_path / "out")
    line = told("data", "pack", tmp_path / "empty", tmp_path / "out")
    assert "nothing to pack in it; known files: " in line
    (bad_videos / "whole.mp4").unlink()
    line = told("data", "pack", bad_videos, tmp_path / "out")
    assert "none of 3 videos and images can be used; the first, cut.mp4: " in line


@pytest.mark.parametrize("command", ["status", "report", "compare"])
def test_no_runs(command: str, tmp_path: Path, told: Told) -> None:
    assert told(command, tmp_path / "gone").startswith(f"{tmp_path}/gone: no such folder")
    assert told(command, tmp_path).startswith(f"{tmp_path}: no runs in it")


def test_a_word_that_no_config_has(told: Told) -> None:
    assert told("configs", "zebra").startswith("configs: none has 'zebra' in it; there are ")


def test_a_command_that_does_not_exist(told: Told) -> None:
    assert "invalid choice: 'trian'" in told("trian")
    assert told().startswith("the following arguments are required: COMMAND")


def _begin(config: Path, run: Path) -> None:
    """A run folder with a result in it, without a run."""
    _, loaded = program.load(config, [])
    write_text(run / "config.yaml", yaml.safe_dump(program.resolved(loaded)))
    write_text(run / "metrics.jsonl", "{}\n")


def test_exporting_what_is_not_there(vae_run: Path, tmp_path: Path, told: Told) -> None:
    out = tmp_path / "x.safetensors"
    folder = vae_run / "checkpoints"
    assert told("export", vae_run, out, "--step", 7) == (
        f"{folder}/step_00000007: it does not exist; there are checkpoints of steps 1"
    )
    assert told("export", vae_run, out, "--network", "judge") == (
        f"{folder}/step_00000001: holds no judge; it has vae"
    )
    assert told("export", vae_run, tmp_path) == (
        f"{tmp_path}: is a folder; name a file, like {tmp_path}/vae.safetensors"
    )
