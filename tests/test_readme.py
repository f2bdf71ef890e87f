"""What the README tells people to type is understood."""

import re
import shlex
from pathlib import Path

import pytest

from launchers.cli import parse
from stages import program

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text()
COMMANDS = [
    shlex.split(line, comments=True)
    for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]


def of(program_name: str) -> list[list[str]]:
    return [words for words in COMMANDS if words[0] == program_name]


def test_every_block_is_covered_below():
    assert {words[0] for words in COMMANDS} == {"make", "pvvae", "deepspeed", "sbatch"}


@pytest.mark.parametrize("words", of("pvvae"), ids=" ".join)
def test_a_pvvae_command_is_understood(words, monkeypatch):
    monkeypatch.chdir(ROOT)
    parse(words[1:])


@pytest.mark.parametrize("words", of("deepspeed"), ids=" ".join)
def test_a_deepspeed_command_loads_its_config(words, monkeypatch):
    monkeypatch.chdir(ROOT)
    config, *overrides = words[words.index("stages") + 1 :]
    program.load(Path(config), overrides)


@pytest.mark.parametrize("words", of("sbatch"), ids=" ".join)
def test_an_sbatch_command_has_the_script_and_loads_its_config(words, monkeypatch):
    monkeypatch.chdir(ROOT)
    script, config, *overrides = words[words.index("launchers/slurm.sbatch") :]
    assert Path(script).is_file()
    program.load(Path(config), overrides)


def test_what_the_python_blocks_import_is_there():
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("from ")]
    assert len(lines) == 3
    exec("\n".join(lines))


def test_make_has_the_targets():
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {words[1] for words in of("make")} <= set(targets)


def test_the_stages_and_networks_of_the_tables_exist():
    rows = re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)
    from arch import registry

    known = {name for family in registry.families() for name in registry.names(family)}
    assert set(rows) <= known | set(program.names())
    assert set(program.names()) <= set(rows)
