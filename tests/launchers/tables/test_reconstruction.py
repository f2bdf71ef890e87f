"""Table 2 becomes runs of stages."""

import pytest

from launchers.tables.make import read_table
from pvvae.errors import ConfigError
from tests.launchers.tables.conftest import RECONSTRUCTION
from tests.launchers.tables.planned import all_words, short


def test_every_subject_is_measured_at_every_size_and_then_all_are_timed(table):
    plan = read_table("reconstruction", table(RECONSTRUCTION), [], processes=None).plan
    assert [short(words) for words in all_words(plan)] == [
        ("evaluate_reconstruction", "out/ours-star/17x32x32"),
        ("evaluate_reconstruction", "out/ours-star/17x64x64"),
        ("evaluate_reconstruction", "out/wan_2.2/17x32x32"),
        ("evaluate_reconstruction", "out/wan_2.2/17x64x64"),
        ("measure_reconstruction", "out/ours-star/speed"),
        ("measure_reconstruction", "out/wan_2.2/speed"),
        ("measure_reconstruction", "out/timed/speed"),
    ]
    assert plan.commands[0].words[3:] == (
        "vae=cnn",
        "predictor=cnn",
        "clips=clips",
        "num=3",
        "seed=0",
        "frames=17",
        "height=32",
        "width=32",
        "manifest=out/clips/17x32x32/eval_manifest.json",
    )
    assert plan.commands[2].words[3] == 'vae={"name": "wan2.2", "weights": "weights"}'
    assert plan.commands[6].words[4:] == ("batch=1", "height=32", "--processes", "1")


def test_a_peer_without_weights_is_timed_alone_and_that_is_said(table):
    plan = read_table("reconstruction", table(RECONSTRUCTION), [], processes=None).plan
    assert [(row.name, sorted(row.runs), row.missing) for row in plan.rows] == [
        ("Ours*", ["17x32x32", "17x64x64", "speed"], ""),
        ("Wan 2.2", ["17x32x32", "17x64x64", "speed"], ""),
        ("Timed", ["speed"], "no weights are named: speed, memory and size alone"),
    ]


@pytest.mark.parametrize(
    ("vae", "missing", "runs"),
    [
        (
            {"name": "wan2.1", "weights": "gone/vae"},
            "its weights, gone/vae, are not here: speed, memory and size alone",
            ["speed"],
        ),
        (
            {"name": "external", "checkout": "gone", "weights": "weights"},
            "its code, gone, is not here: nothing is measured",
            [],
        ),
    ],
)
def test_what_of_a_peer_is_not_here_is_left_out_of_its_row(vae, missing, runs, table):
    path = table(RECONSTRUCTION, subjects=[{"name": "Peer", "vae": vae}])
    (row,) = read_table("reconstruction", path, [], processes=None).plan.rows
    assert (row.missing, sorted(row.runs)) == (missing, runs)


def test_a_config_of_a_peer_says_what_its_vae_is(table, home):
    (home / "peer.yaml").write_text("vae: {name: wan2.1, weights: weights}\nplugins: [mine.py]\n")
    path = table(RECONSTRUCTION, subjects=[{"name": "Peer", "config": "peer.yaml"}], sizes=[32])
    words = read_table("reconstruction", path, [], processes=None).plan.commands[0].words
    assert 'vae={"name": "wan2.1", "weights": "weights"}' in words
    assert f'plugins=["{home}/mine.py"]' in words


def test_processes_are_for_all_runs_but_those_of_speed(table):
    plan = read_table("reconstruction", table(RECONSTRUCTION), [], processes=4).plan
    assert [words[-1] for words in all_words(plan)] == ["4", "4", "4", "4", "1", "1", "1"]


def test_a_figure_is_a_run_named_after_its_clips(table):
    figure = {"clips": [2, "text"], "crops": [[2, 16, 0, 0, 32], ["text", 0, 8, 8, 24]]}
    path = table(RECONSTRUCTION, figure=figure, speed=None)
    plan = read_table("reconstruction", path, [], processes=None).plan
    words = plan.commands[2].words
    assert short(words) == ("show_clips", "out/ours-star/shown_2_text")
    assert words[-2:] == ("chosen=[2]", "pages=1")
    assert [str(row.figure) for row in plan.rows[:2]] == [
        "out/ours-star/shown_2_text",
        "out/wan_2.2/shown_2_text",
    ]
    assert plan.rows[2].figure is None


def test_packaged_clips_stand_in_for_data_that_are_not_here_and_the_title_says_so(table):
    path = table(RECONSTRUCTION, clips="kinetics/val")
    plan = read_table("reconstruction", path, [], processes=None).plan
    assert plan.title == "Table 2, on packaged real clips in place of kinetics/val"
    assert plan.stand_ins == ("kinetics/val",)
    assert all_words(plan)[:2] == tuple(
        ("data", "sample-videos", f"out/packaged/{side}", "--short-side", str(side), "--together")
        for side in (32, 64)
    )
    assert "clips=out/packaged/64" in plan.commands[3].words


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"subject": []}, "subject: ReconstructionTable has no such key; did you mean 'subjects'?"),
        ({"subjects": []}, "a table needs one of subjects and of sizes at least"),
        (
            {"subjects": [{"name": "A", "vaes": "cnn"}]},
            "subjects[0].vaes: RebuildingSubject has no",
        ),
        (
            {"subjects": [{"name": "A", "vae": "gone"}]},
            "A: gone: no such run folder; train it first",
        ),
        ({"subjects": [{"name": "A"}]}, "A: needs one of vae and config"),
        (
            {"subjects": [{"name": "A b", "vae": "cnn"}, {"name": "a_b", "vae": "cnn"}]},
            "subjects: 'A b' and 'a_b' would share the folder a_b",
        ),
        ({"figure": {"clips": ["texts"]}}, "figure.clips: a clip is a number or 'text'"),
        (
            {"figure": {"clips": [0], "crops": [[1, 0, 0, 0, 8]]}},
            "figure.crops: [1, 0, 0, 0, 8] is of 1, which is not shown",
        ),
        (
            {"figure": {"clips": [0], "crops": [[0, 0, 30, 0, 8]]}},
            "figure.crops: [0, 0, 30, 0, 8] reaches beyond a clip of 17x32x32",
        ),
    ],
)
def test_a_mistake_is_said_in_one_line_that_begins_with_the_file(changed, message, table):
    path = table(RECONSTRUCTION, **changed)
    with pytest.raises(ConfigError) as error:
        read_table("reconstruction", path, [], processes=None)
    assert str(error.value).startswith(f"{path}: {message}")
    assert "\n" not in str(error.value)
