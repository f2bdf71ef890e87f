"""What a user sees of stages that fail, or are stopped, in several processes."""

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from launchers import cli
from launchers.machines.local import explain, module_command, run_command, stage_command
from pvvae.data.shards.index import ShardIndex
from pvvae.run import checkpoints
from pvvae.run.folder import read_metrics
from pvvae.run.process_lifetime import lock_folder

ROOT = Path(cli.__file__).resolve().parents[1]
PROGRESS = re.compile(r"\d+/\d+ \[.*\]|^step \d+ of \d+, ")


def only_line(error: str) -> str:
    """What was said beside bars and lines of progress."""
    lines = [line for line in error.replace("\r", "\n").splitlines() if line.strip()]
    said = [line for line in lines if not PROGRESS.search(line.strip())]
    assert len(said) == 1, error
    return said[0]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with 300 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("visible", "with_hostfile"),
    [("2,3", False), ("GPU-8f6a1c2e,GPU-0b1d7c55", False), ("MIG-4a5b,MIG-6c7d", True)],
)
def test_processes_see_the_gpus_that_the_command_was_given(
    visible: str, with_hostfile: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    hostfile = tmp_path / "hosts" if with_hostfile else None
    (tmp_path / "hosts").write_text("localhost slots=2\n")
    ssh = tmp_path / "bin/ssh"  # a single host is only asked for its address
    ssh.parent.mkdir()
    ssh.write_text("#!/bin/sh\necho 127.0.0.1\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", str(ssh.parent), prepend=os.pathsep)
    words = [str(tmp_path / "seen")]
    command = module_command("tests.launchers.seen", words, processes=2, hostfile=hostfile)
    assert run_command(command, hostfile=hostfile) == 0
    seen = [(tmp_path / f"seen{rank}").read_text() for rank in (0, 1)]
    assert seen == [visible, visible]


@pytest.mark.matrix
@pytest.mark.parametrize("processes", [1, 2])
def test_a_full_disk_while_saving_leaves_the_checkpoint_before(
    processes: int, config: Path, small_disk: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = [f"run={small_disk / 'run'}", "backbone.latent_channels=512", "steps=9"]
    words += ["loop.keep_last=9", "--processes", str(processes)]
    assert cli.main(["train", str(config), *words]) == 2
    line = only_line(capfd.readouterr().err)
    assert line.startswith(f"pvvae: {small_disk}/run/checkpoints: the disk is full; ")
    names = sorted(path.name for path in (small_disk / "run/checkpoints").iterdir())
    newest = checkpoints.newest(small_disk / "run/checkpoints", warn=pytest.fail)
    assert newest is not None
    assert newest.folder.name == names[-1]
    assert names == [f"step_{step:08d}" for step in range(1, newest.step + 1)]


@pytest.mark.matrix
def test_a_run_that_may_write_no_more_goes_on_when_it_may(
    config: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["backbone.latent_channels=512", "steps=9", "loop.keep_last=9", "--processes", "2"]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # More than a file of a checkpoint (38 KB), less than nine lines with 512 numbers each.
    resource.setrlimit(resource.RLIMIT_FSIZE, (85_000, limits[1]))
    try:
        assert cli.main(["train", str(config), *words]) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    run = tmp_path / "run"
    assert only_line(capfd.readouterr().err) == (
        f"pvvae: {run}/metrics.jsonl: cannot be written (File too large); nothing already saved "
        "is lost. See to that and give the same command again"
    )
    saved = checkpoints.newest(run / "checkpoints", warn=pytest.fail)
    assert saved is not None
    assert cli.main(["train", str(config), *words]) == 0
    assert f"{run}: going on from step {saved.step}" in capfd.readouterr().err
    steps = [line["step"] for line in read_metrics(run, "train")]
    assert steps == list(range(1, 10))


@pytest.mark.matrix
def test_a_run_that_another_command_is_writing(
    config: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with lock_folder(tmp_path / "run"):
        assert cli.main(["train", str(config), "--processes", "2"]) == 2
    line = only_line(capfd.readouterr().err)
    run = tmp_path / "run"
    assert line == f"pvvae: {run}: another process is writing this run; wait for it or stop it"
    assert [path.name for path in run.iterdir()] == [".lock"]


@pytest.mark.matrix
def test_a_damaged_shard_that_one_of_two_processes_reads(
    config: Path, packed: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad"
    shutil.copytree(packed, bad)
    index = ShardIndex.open(bad)
    sample = index.sample(3)
    shard = bad / index.shards[sample.shard].name
    content = bytearray(shard.read_bytes())
    content[sample.offset : sample.offset + 9] = b"not numpy"
    shard.write_bytes(content)
    words = [f"data.train={bad}", "data.held_out=null", "steps=4", "--processes", "2"]
    assert cli.main(["train", str(config), *words]) == 0
    line = only_line(capfd.readouterr().err)
    others = "left out, and other clips take its place"
    assert f"{others}: {shard}: {sample.key}: not an array" in line


@pytest.mark.matrix
def test_ctrl_c_says_one_line_and_leaves_no_process(config: Path) -> None:
    program = "import sys; from launchers.cli import main; sys.exit(main(sys.argv[1:]))"
    words = [config, "steps=1000000", "loop.log_every=1000", "loop.evaluate_every=1000"]
    words += ["loop.checkpoint_every=1000", "--processes", "2"]
    pvvae = subprocess.Popen(
        [sys.executable, "-c", program, "train", *map(str, words)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        # As at a terminal; what nohup has started ignores the signal, and so do its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert pvvae.stderr is not None
    seen = ""
    while "it/s]" not in seen:  # the bar, so the stage is under way
        seen += pvvae.stderr.read(1)
    pvvae.send_signal(signal.SIGINT)
    # Whoever is left would hold the other end of the pipe, and this would not return.
    _, rest = pvvae.communicate(timeout=60)
    assert pvvae.returncode == 130
    run = config.parent / "run"
    assert only_line(seen + rest) == (
        f"pvvae: {run}: interrupted; the same command goes on from here"
    )


@pytest.mark.parametrize(
    ("status", "what"),
    [
        (1, "a process ended with status 1, see above"),
        (137, "a process was ended by signal 9, most often for want of memory"),
        (139, "a process was ended by signal 11"),
        (130, "interrupted"),
        (70, "the launcher ended early, without saying why"),
    ],
)
def test_a_stage_that_ends_badly_gets_one_line(
    status: int, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    explain(status, Path("runs/mine"))
    said = capsys.readouterr().err.strip()
    assert said == f"pvvae: runs/mine: {what}; the same command goes on from here"


@pytest.mark.parametrize("status", [0, 2])
def test_a_stage_that_has_said_its_line_gets_no_other(
    status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    explain(status, Path("runs/mine"))
    assert capsys.readouterr().err == ""


def test_a_hostfile_takes_the_place_of_a_number_of_processes() -> None:
    command = stage_command(Path("a.yaml"), ["x=1"], processes=2, hostfile=Path("hosts"))
    assert command[1:3] == ["--hostfile", "hosts"]
    assert command[-3:] == ["stages", "a.yaml", "x=1"]
