"""A pipeline goes on from where it was stopped, and knows when there is nothing left to do."""

from pathlib import Path

import pytest

from launchers.machines.command import Command
from launchers.machines.pipeline import run_pipeline
from pvvae.errors import ConfigError
from tests.small_box import small_box

TEXT = """\
folder: {folder}/runs
result: {folder}/page.html
commands:
  - pvvae train configs/one.yaml
  - pvvae train configs/two.yaml run='a b'
  - pvvae report runs
"""


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    path = tmp_path / "configs" / "pipeline.yaml"
    path.parent.mkdir()
    path.write_text(TEXT.format(folder=tmp_path))
    return path


class Commands:
    """Stands where the console command stands: notes its words, and fails when it is told to."""

    def __init__(self, result: Path) -> None:
        self.given: list[list[str]] = []
        self.fail_at: dict[int, int] = {}
        self.result = result

    def __call__(self, command: Command) -> int:
        self.given.append(list(command.words))
        if command.words[0] == "report":
            self.result.write_text("page")
        return self.fail_at.get(len(self.given), 0)


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path / "page.html")


ALL = [
    ["train", "configs/one.yaml"],
    ["train", "configs/two.yaml", "run=a b"],
    ["report", "runs"],
]


def test_all_commands_are_given_in_order(
    pipeline: Path, commands: Commands, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_pipeline(pipeline, give=commands) == 0
    assert commands.given == ALL
    printed = capsys.readouterr().out
    assert "[2/3, 0.0 min] pvvae train configs/two.yaml 'run=a b'" in printed
    assert f"See {commands.result}" in printed


def test_a_failing_command_stops_the_pipeline_which_then_goes_on(
    pipeline: Path, commands: Commands, capsys: pytest.CaptureFixture[str]
) -> None:
    commands.fail_at = {2: 2}
    assert run_pipeline(pipeline, give=commands) == 2
    assert commands.given == ALL[:2]
    assert "Stopped at command 2. The same command goes on from here." in capsys.readouterr().out
    assert run_pipeline(pipeline, give=commands) == 0
    assert commands.given[2:] == ALL


def test_a_killed_pipeline_goes_on(pipeline: Path, commands: Commands) -> None:
    def killed(command: Command) -> int:
        if command.words[0] == "report":
            raise SystemExit(137)
        return commands(command)

    with pytest.raises(SystemExit):
        run_pipeline(pipeline, give=killed)
    assert run_pipeline(pipeline, give=commands) == 0
    assert commands.given == ALL[:2] + ALL


def test_a_pipeline_that_is_done_says_so_and_gives_no_command(
    pipeline: Path, commands: Commands, capsys: pytest.CaptureFixture[str]
) -> None:
    run_pipeline(pipeline, give=commands)
    capsys.readouterr()
    assert run_pipeline(pipeline, give=commands) == 0
    assert commands.given == ALL
    assert capsys.readouterr().out == (
        f"Nothing left to do: every command of {pipeline} is done. See {commands.result}\n"
    )


def test_a_changed_config_makes_a_pipeline_not_done(pipeline: Path, commands: Commands) -> None:
    other = pipeline.parent / "tiny" / "one.yaml"
    other.parent.mkdir()
    other.write_text("steps: 1")
    run_pipeline(pipeline, give=commands)
    other.write_text("steps: 2")
    run_pipeline(pipeline, give=commands)
    assert commands.given == ALL + ALL


def test_a_lost_result_makes_a_pipeline_not_done(pipeline: Path, commands: Commands) -> None:
    run_pipeline(pipeline, give=commands)
    commands.result.unlink()
    run_pipeline(pipeline, give=commands)
    assert commands.given == ALL + ALL


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("result:", "results:", "a pipeline has the keys folder, result and a list of commands"),
        ("pvvae report", "rm -rf", "commands begin with pvvae, got 'rm -rf runs'"),
        ("report runs", "report 'runs", "a command has no closing quotation"),
        ("report runs", "repot runs", "invalid choice: 'repot'"),
        ("report runs", "report", "report: the following arguments are required: RUNS"),
    ],
)
def test_a_file_that_is_no_pipeline_is_refused_before_the_first_command(
    old: str, new: str, message: str, pipeline: Path, commands: Commands
) -> None:
    pipeline.write_text(pipeline.read_text().replace(old, new))
    with pytest.raises(ConfigError) as error:
        run_pipeline(pipeline, give=commands)
    assert message in str(error.value)
    assert commands.given == []


def test_where_the_box_is_missing_nothing_is_run_and_a_pipeline_without_it_is_named(
    pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pvvae.pretrained.box.SHIPPED", tmp_path / "box")
    pipeline.write_text(f"without_box: configs/scratch.yaml\n{pipeline.read_text()}")
    commands = Commands(tmp_path / "page.html")
    with pytest.raises(ConfigError) as caught:
        run_pipeline(pipeline, give=commands)
    assert str(caught.value) == (
        f"{tmp_path}/box/box.json: no such file, so there is no box; copy the project again, its "
        "box with it; `pvvae pipeline configs/scratch.yaml` starts from nothing"
    )
    assert commands.given == []
    small_box(tmp_path / "box")
    assert run_pipeline(pipeline, give=commands) == 0
