"""The console command as a whole: what it costs to start, and what it says of itself."""

import subprocess
import sys
from pathlib import Path

import pytest

from launchers import cli

HEAVY = ("torch", "numpy", "deepspeed", "av", "matplotlib")


@pytest.mark.parametrize(
    "words", [["--help"], ["configs"], ["train", "--help"], ["status", "."], ["metrics", "--help"]]
)
def test_light_commands_import_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("stage: predictive\nsteps: 2\n")
    program = (
        "import sys; from launchers import cli\n"
        f"try: cli.main({words!r})\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(cli.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "[]\n"


@pytest.mark.parametrize("name", [name.replace("_", "-") for name in cli.COMMANDS])
def test_the_help_of_every_command_has_an_example(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    inner = {"data": [["pack"], ["sample-videos"], ["list"]], "bench": [["loop"], ["vae"]]}
    for more in inner.get(name, [[]]):
        with pytest.raises(SystemExit) as end:
            cli.main([name, *more, "--help"])
        assert end.value.code == 0
        assert f"\n  pvvae {' '.join([name, *more])}" in capsys.readouterr().out


def test_overrides_may_stand_behind_options() -> None:
    words = ["train", "a.yaml", "x=1", "--processes", "2", "y=2", "--dry"]
    assert cli.parse(words).overrides == ["x=1", "y=2"]
