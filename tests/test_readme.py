"""What README and docs tell people to type runs as it stands, on small data.

A command in a block of the README or of a guide is given to ``pvvae`` word for word, in a folder
that has what it names (``tests/documented.py``). Those that would need a GPU, a cluster, foreign
weights or hours run in the dry form below, each with its reason. What docs name within a sentence
is parsed.
"""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch

from launchers import cli
from launchers.cli import parse
from stages import program
from tests.documented import ROOT, Typed, commands, make_world
from tests.small_box import small_box

COMMANDS = commands()
GUIDES = ("training", "cluster", "using", "peers", "measuring", "studies", "analysis")
FOLLOWED = ("README.md", *(f"docs/{name}.md" for name in GUIDES))
"""Pages that a newcomer types from, top to bottom."""
TEXT = "\n".join((ROOT / page).read_text() for page in FOLLOWED)
TYPED = {t.words: t for page in FOLLOWED for t in COMMANDS if t.whole and t.page == page}
README = list(TYPED.values())
ELSEWHERE = [t for t in COMMANDS if not (t.whole and t.page in FOLLOWED)]

SMALLER = {
    ("data", "scenes"): ["--clips", "16"],  # 4,096 are a minute
    ("sample",): ["--steps", "2"],  # 100 are the paper's
    ("metrics", "UCF-101"): ["--num", "2"],  # 2,048 are the paper's
    ("analyze", "latents"): ["--size", "32x32"],  # clips here are small
    ("analyze", "prediction"): ["--size", "32x32"],
    ("analyze", "paths"): ["--num", "2", "--steps", "2"],  # 64 of 100 are a minute
    ("probe", "flow"): ["--steps", "2", "--batch", "2", "--width", "8"],  # a head is minutes
}
"""What is added to a command, so that its last word counts: less of the same."""
DRY = {
    ("study",): ["--dry-run"],  # hours
    ("evaluate",): ["--dry-run"],  # minutes, and one for a cluster: its scripts
    ("pipeline",): ["--dry-run"],  # a cluster: its scripts
}
"""Commands that print every run that they would start."""
LOADED = {
    ("plan",): "counts FLOPs of paper size for 15 s; test_plan.py runs it",
    ("dry-run",): "is a process of paper size for 20 s; test_dry_run.py runs it",
    ("doctor",): "judges this machine, right or not; test_doctor.py runs it",
    ("bench", "vae"): "wants a GPU; tests/launchers/bench runs it",
    ("export", "vae", "vae_onnx"): "traces networks that stream; tests/pvvae/autoencoder runs it",
    ("export", "runs/finetune/wan2.2/predictive"): "wants Wan's weights; test_export.py runs it",
    ("train",): "wants a GPU: every check before the first step is made, foreign weights apart",
}
"""Commands of which only this is done: parse, and load and check the config that they name."""
FROM_NOTHING = {
    ("pipeline",): "trains from the first stage on",
    ("evaluate", "generation", "configs/tables/table1.yaml"): "trains ours at paper size first",
}
"""Commands that are typed where there is no run yet."""
FOREIGN = "FOLDER"
"""Where weights of others would be."""


def named(table: dict[tuple[str, ...], object], words: Sequence[str]) -> tuple[str, ...] | None:
    return next((key for key in table if tuple(words[: len(key)]) == key), None)


def of(program_name: str, typed: Sequence[Typed] = README) -> list[Typed]:
    return [each for each in typed if each.words[0] == program_name]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which README's commands follow one another."""
    folder, before = tmp_path_factory.mktemp("world"), Path.cwd()
    os.chdir(folder)
    try:
        make_world(folder)
    finally:
        os.chdir(before)
    return folder


@pytest.fixture(autouse=True, scope="module")
def _box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A small box in the place of the project's."""
    with pytest.MonkeyPatch.context() as patch:
        box = small_box(tmp_path_factory.mktemp("readme") / "box")
        patch.setattr("pvvae.pretrained.box.SHIPPED", box)
        yield


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without any run, for what begins at the beginning."""
    folder = tmp_path_factory.mktemp("empty")
    for name in ("configs", "launchers"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def test_every_block_is_covered_below():
    assert {typed.words[0] for typed in README} == {"make", "pvvae", "deepspeed", "sbatch"}
    keys = [*SMALLER, *DRY, *LOADED]
    used = {named(dict.fromkeys(keys), typed.words[1:]) for typed in of("pvvae")}
    assert set(keys) <= used


@pytest.mark.parametrize("typed", of("pvvae"), ids=str)
def test_a_command_of_the_readme_runs_as_it_stands(typed, world, empty, monkeypatch, capsys):
    words = list(typed.words[1:])
    monkeypatch.chdir(empty if named(FROM_NOTHING, words) else world)
    if named(LOADED, words):
        check(words)
        return
    smaller, dry = named(SMALLER, words), named(DRY, words)
    if smaller:
        words += SMALLER[smaller]
    if dry and "--dry-run" not in words:
        words += DRY[dry]
    assert cli.main(words) == 0, capsys.readouterr().err


def check(words: list[str]) -> None:
    """Everything that a start would look at before it begins."""
    arguments = parse(words)
    if not hasattr(arguments, "overrides") or arguments.config is None:
        return
    _, config = program.load(arguments.config, arguments.overrides)
    if words[0] == "train" and not any(FOREIGN in word for word in words):
        config.check(arguments.processes or 1)


@pytest.mark.parametrize("typed", of("deepspeed"), ids=str)
def test_a_deepspeed_command_loads_its_config(typed, monkeypatch):
    monkeypatch.chdir(ROOT)
    config, *overrides = typed.words[typed.words.index("stages") + 1 :]
    program.load(Path(config), overrides)


@pytest.mark.parametrize("typed", of("sbatch"), ids=str)
def test_an_sbatch_command_has_the_script_and_loads_its_config(typed, monkeypatch):
    monkeypatch.chdir(ROOT)
    script, config, *overrides = typed.words[typed.words.index("launchers/slurm.sbatch") :]
    assert Path(script).is_file()
    program.load(Path(config), overrides)


@pytest.mark.parametrize("typed", of("pvvae", ELSEWHERE), ids=str)
def test_a_command_that_docs_name_is_one(typed, monkeypatch, capsys):
    """Whole commands are parsed; of those that are only named, every word is one that it has."""
    monkeypatch.chdir(ROOT)
    words = list(typed.words[1:])
    if typed.whole:
        parse(words)
        return
    depth = 2 if words[:1] in (["bench"], ["data"], ["evaluate"], ["analyze"], ["probe"]) else 1
    command = [word for word in words[:depth] if not word.startswith("-")]
    with pytest.raises(SystemExit) as left:
        cli.main([*command, "--help"])
    assert left.value.code == 0
    shown = capsys.readouterr().out
    for word in words[len(command) :]:
        if word.startswith("--"):
            assert word in shown
        elif word.startswith("configs/"):
            assert Path(word).is_file()


PYTHON = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_the_python_block_that_uses_an_exported_folder_runs_as_it_stands(world, monkeypatch):
    monkeypatch.chdir(world)
    if not Path("vae").exists():
        (export,) = [t for t in of("pvvae") if "pretrained" in t.words]
        assert cli.main(list(export.words[1:])) == 0
    (block,) = [block for block in PYTHON if ".encode(x)" in block]
    x = torch.zeros(1, 3, 17, 32, 32)
    names = {"x": x}
    exec(block, names)
    assert names["x"].shape == x.shape
    assert names["x"] is not x


def test_what_the_python_blocks_import_is_there():
    blocks = PYTHON
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("from ")]
    assert len(lines) == 3
    exec("\n".join(lines))


def test_make_has_the_targets():
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    asked = {word for typed in of("make", COMMANDS) for word in typed.words[1:]}
    assert asked - {"WORKERS=N"} <= set(targets)


def test_the_stages_and_networks_of_the_tables_exist():
    rows = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/training.md").read_text(), re.MULTILINE)
    from arch import registry

    known = {name for family in registry.families() for name in registry.names(family)}
    assert set(rows) <= known | set(program.names())
    assert set(program.names()) <= set(rows)
