"""What is timed is the same work; how long it takes is for ``pvvae bench`` to say."""

import json
from pathlib import Path

import pytest

from launchers.bench import loop
from launchers.bench.toy_data import make_latents, make_shards
from launchers.cli import main
from tests.processes import run_group


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bench")
    make_shards(folder)
    make_latents(folder / "latents", shape=(32, 5, 4, 4), classes=3)
    return folder


@pytest.mark.matrix
@pytest.mark.parametrize("name", ["vit", "latte"])
def test_loop_and_bare_steps_see_the_same_work(name, material):
    run_group(["-m", "launchers.bench.loop_steps", name, str(material), "2"], processes=2)
    found = json.loads((material / f"{name}.json").read_text())
    assert found["first_loss"]["bare"] == pytest.approx(found["first_loss"]["loop"], rel=1e-6)
    assert found["seconds"]["blocks"] == found["cpu"]["blocks"] == 2


def test_the_least_of_the_clocks_ratios_is_the_benchs():
    found = {n: {"seconds": {"value": v}, "cpu": {"value": 0.5}} for n, v in (("a", 0.9), ("b", 1))}
    ratios = loop.ratios(found)
    assert ratios["loop/bare"] == ratios["loop/bare a"] == 0.9
    assert ratios["loop/bare b"] == 1
    assert ratios["loop/bare a cpu"] == 0.5


def test_the_table_has_a_row_for_each_network():
    ratio = {"value": 0.97, "quartiles": [0.96, 0.98], "first": 0.2, "second": 0.194}
    networks = {"vit": {"seconds": ratio, "cpu": ratio}}
    head, row, least = loop.table(
        {"networks": networks, "ratios": {"loop/bare": 0.97}}
    ).splitlines()
    assert head.split()[:3] == ["network", "loop", "ms"]
    assert row.split() == ["vit", "200.0", "194.0", "0.970", "0.960-0.980", "0.970", "0.960-0.980"]
    assert least.startswith("loop/bare: 0.970")


def test_an_unknown_bench_and_too_few_blocks_are_one_line(capsys):
    assert main(["bench", "lop"]) == 2
    names = "'latte', 'layout', 'levers', 'loop', 'metrics', 'scenes', 'tiles', 'vae'"
    assert f"invalid choice: 'lop' (choose from {names})" in capsys.readouterr().err
    assert main(["bench", "loop", "--blocks", "1"]) == 2
    assert "--blocks: must be at least 2" in capsys.readouterr().err
