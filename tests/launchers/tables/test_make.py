"""A table is its runs, given in order, and goes on where it was cut."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from launchers import cli
from launchers.tables.make import as_pipeline, check_runs, make_table, read_table
from pvvae.errors import ConfigError
from tests.launchers.tables.conftest import GENERATION, RECONSTRUCTION, finish

SUBJECTS = [{"name": "A", "vae": "cnn"}, {"name": "B", "vae": "cnn"}]


class Stages:
    """In place of the commands: leaves their runs finished, until it is cut."""

    def __init__(self, *, until: int = 99, protocols: dict[str, dict] | None = None) -> None:
        self.given: list[str] = []
        self._until, self._protocols = until, protocols or {}

    def __call__(self, command):
        if len(self.given) == self._until:
            return 130
        run = Path(command.sets["run"])
        self.given.append(str(run))
        protocol = self._protocols.get(run.parts[1], {"size": "17x32x32"})
        finish(run, value=2.0 if run.parts[1] == "b" else 1.0, protocol=protocol)
        return 0


def test_a_cut_table_goes_on_with_what_is_left(table, home, capsys):
    path = table(RECONSTRUCTION, subjects=SUBJECTS, sizes=[32])
    first, second, third = Stages(until=1), Stages(), Stages()
    assert make_table(read_table("reconstruction", path, [], processes=None), give=first) == 130
    assert not (home / "out/index.html").exists()
    assert make_table(read_table("reconstruction", path, [], processes=None), give=second) == 0
    assert first.given + second.given == [
        "out/a/17x32x32",
        "out/b/17x32x32",
        "out/a/speed",
        "out/b/speed",
    ]
    before = (home / "out/table.md").read_bytes()
    assert make_table(read_table("reconstruction", path, [], processes=None), give=third) == 0
    assert third.given == []
    assert (home / "out/table.md").read_bytes() == before
    printed = capsys.readouterr().out
    assert "4 of 4 runs are finished already" in printed
    assert printed.endswith("out/index.html\n")


def test_the_table_has_a_row_a_subject_and_says_what_is_missing(table, home):
    path = table(RECONSTRUCTION, sizes=[32])
    assert make_table(read_table("reconstruction", path, [], processes=None), give=Stages()) == 0
    tables = json.loads((home / "out/table.json").read_text())["tables"]
    rows = {row["name"]: row for row in tables[0]["rows"] if not row["reference"]}
    titles = [column["title"] for column in tables[0]["columns"]]
    timed = dict(zip(titles, rows["Timed"]["cells"], strict=True))
    assert timed["PSNR"]["value"] is None
    assert timed["ISpeed"]["value"] == 1.0
    assert rows["Ours*"]["latent"] == "t4s16c4"
    text = (home / "out/table.md").read_text()
    assert "Timed: no weights are named: speed, memory and size alone." in text


def test_subjects_of_different_protocols_are_marked_with_what_differs(table, home):
    path = table(RECONSTRUCTION, subjects=SUBJECTS, sizes=[32])
    protocols = {"a": {"size": "17x32x32"}, "b": {"size": "17x48x48"}}
    stages = Stages(protocols=protocols)
    assert make_table(read_table("reconstruction", path, [], processes=None), give=stages) == 0
    assert "17x32x32 against 17x48x48" in (home / "out/table.md").read_text()


def test_every_config_is_loaded_before_the_first_run(table):
    path = table(RECONSTRUCTION, sizes=[32], evaluation={"fvd_frame": "all"})
    asked = read_table("reconstruction", path, [], processes=None)
    with pytest.raises(ConfigError, match="fvd_frame: stage evaluate_reconstruction has no such"):
        check_runs(asked)


def test_a_folder_with_another_table_s_run_is_refused(table, home):
    path = table(RECONSTRUCTION, subjects=SUBJECTS, sizes=[32])
    run = home / "out/a/17x32x32"
    finish(run)
    (run / "config.yaml").write_text("stage: evaluate_reconstruction\nnum: 4\n")
    with pytest.raises(ConfigError, match=r"17x32x32: this run folder was made with another"):
        check_runs(read_table("reconstruction", path, [], processes=None))


def test_the_figure_shows_what_every_subject_rebuilt(table, home):
    path = table(
        RECONSTRUCTION,
        subjects=SUBJECTS,
        sizes=[32],
        speed=None,
        figure={"clips": [1], "crops": [[1, 0, 0, 0, 8]]},
    )
    for name, value in (("a", 10), ("b", 20)):
        clips = home / "out" / name / "shown_1" / "clips"
        clips.mkdir(parents=True)
        for kind, colour in (("original", 0), ("reconstruction", value)):
            np.save(clips / f"000001_{kind}.npy", np.full((17, 32, 32, 3), colour, np.uint8))
    assert make_table(read_table("reconstruction", path, [], processes=None), give=Stages()) == 0
    image = np.asarray(Image.open(home / "out/figure.png"))
    assert image.shape[1] == 8 + 3 * (256 + 8)
    assert [image[100, 8 + i * 264 + 200, 0] for i in range(3)] == [0, 10, 20]
    assert "data:image/png;base64," in (home / "out/index.html").read_text()


def test_on_slurm_the_last_command_writes_the_table(table):
    path = table(GENERATION, slurm={"nodes": 1})
    asked = read_table("generation", path, ["slurm.partition=gpu"], processes=None)
    pipeline = as_pipeline(asked)
    assert pipeline.slurm == {"nodes": 1, "partition": "gpu"}
    last = ["evaluate", "generation", str(path), "slurm.partition=gpu"]
    assert list(pipeline.commands[-1].words) == last
    assert len(pipeline.commands) == len(asked.plan.commands) + 1


def test_a_dry_run_prints_every_command_and_runs_none(table, home, capsys):
    path = table(RECONSTRUCTION, clips="kinetics", subjects=SUBJECTS, sizes=[32])
    assert cli.main(["evaluate", "reconstruction", str(path), "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Table 2, on packaged real clips in place of kinetics"
    assert [line.split()[1] for line in lines[1:-1]] == ["data", *["train"] * 4]
    assert not (home / "out").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["reconstruction", "gone.yaml"], "gone.yaml: no such config file"),
        (
            ["generation", "table.yaml", "--processes", "0"],
            "evaluate generation: argument --processes: must be at least 1, got 0",
        ),
        (["generation", "table.yaml"], "table.yaml: clips: GenerationTable has no such key"),
        (["rebuilding", "table.yaml"], "evaluate: argument TABLE: invalid choice: 'rebuilding'"),
        (["reconstruction", "cnn/config.yaml"], "cnn/config.yaml: not a table: it has no subjects"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(words, message, table, capsys):
    table(RECONSTRUCTION)
    assert cli.main(["evaluate", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"pvvae: {message}")
