"""Configs: stages, pipelines, studies and tables, as YAML with wrong values and as broken text."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import yaml

from launchers.cli import main
from pvvae.config import read_yaml
from tools.fuzz.mutation import wrong_bytes, wrong_value
from tools.fuzz.trial import Read

ROOT = Path(__file__).parents[2] / "configs"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
    for o, n in zip("abcdefghi", "bcdefghij", strict=True)
)
"""A few hundred bytes that stand for some 10^9 values."""
HANDMADE = (
    b"", b"x", b"- x", b"1", b"null", b"\xff\xfe", b"stage: \xe9", BOMB.encode(), b"a: &a [*a]",
    b"extends: me.yaml", b"extends: [1]", b"extends: {a: b}", b"extends: 3", b"extends: /",
    b"plugins: x", b"plugins: [1]", b"plugins: [exit.py]", b"plugins: [me.yaml]", b"stage: [1]",
    b"stage: 2026-01-02", b"steps: 2026-13-45", b"!!python/object/apply:os.system [x]",
    b"!!binary x", b"!!set {a, b}", b"? [a]\n: b", b"1: 2", b"<<: *x", b"<<: [1]", b"[" * 3000,
    b"{a: " * 3000, b"stage: " + b"x" * 100_000, b"---\n---\n", b"a: 0x" + b"f" * 6000,
    b"a: !!int x",
    b"a: !!float x", b"a: !!bool 3", b"a: 1:2:99999999999999999999:1.0", b"extends: [\"\\0\"]",
)  # fmt: skip


class Configs:
    """Shipped files and what is made of them."""

    def __init__(self, folder: Path) -> None:
        """Read the shipped files; inputs are written below ``folder``."""
        self._folder = folder
        self._seeds: list[tuple[str, bytes, dict[str, object]]] = []
        for path in sorted(ROOT.rglob("*.yaml")):
            plain = read_yaml(path)
            kind = next((k for k in COMMANDS if k in plain), None)
            if kind is not None and (kind != "stage" or "run" in plain):
                self._seeds.append((kind, path.read_bytes(), plain))
        shutil.copytree(ROOT, folder / "configs", dirs_exist_ok=True)
        (folder / "exit.py").write_text("raise SystemExit(3)\n")
        self._path = folder / "me.yaml"

    def make(self, draw: random.Random, number: int) -> Read:
        """Input ``number``: the first are made by hand."""
        if number < len(HANDMADE):
            kind, data = "stage", HANDMADE[number]
        else:
            kind, raw, plain = draw.choice(self._seeds)
            if draw.random() < 0.3:
                data = wrong_bytes(draw, raw)
            else:
                data = yaml.safe_dump(wrong_value(draw, plain), sort_keys=False).encode()
        self._path.write_bytes(data)
        words = COMMANDS[kind](str(self._path))
        if draw.random() < 0.1:
            words = [
                *words,
                draw.choice(("a=1", "steps=[", "data.train=\0", "a.b" * 90 + "=1", "=")),
            ]
        return lambda: main(words)


def _stage(path: str) -> list[str]:
    return ["train", path, "--dry"]


def _study(path: str) -> list[str]:
    return ["study", path, "--dry-run"]


def _pipeline(path: str) -> list[str]:
    return ["pipeline", path, "--slurm", "--dry-run"]


def _table(path: str) -> list[str]:
    return ["evaluate", "reconstruction", path, "--dry-run"]


COMMANDS: dict[str, Callable[[str], list[str]]] = {
    "stage": _stage,
    "commands": _pipeline,
    "title": _study,
    "subjects": _table,
}
"""What reads a file, by a key that tells its kind."""
