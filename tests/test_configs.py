"""Every shipped config loads, and those of paper size carry the paper's numbers."""

import functools
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from launchers.commands.configs import runnable_configs
from launchers.machines.shipped_configs import ROOT
from launchers.tables.generation import GenerationTable
from launchers.tables.reconstruction import ReconstructionTable
from pvvae import config as codec
from pvvae.report.tables.paper import ROWS, Kind
from stages import program
from tests.small_box import small_box

BACKBONES = ("cnn", "vit")
STAGES = [
    path for path in runnable_configs() if "stage" in codec.read_yaml(path)
]  # the others are pipelines, tables and studies
TABLES = [path for path in runnable_configs() if "subjects" in codec.read_yaml(path)]
OF_TABLES = {"measure_reconstruction", "measure_training", "show_clips", "evaluate_scenes"}
"""Stages that a table or a study runs, with keys of its own."""
OTHERS = ("weights/", "box:")
"""Where shipped configs expect the weights of others, and those that came with the project."""
NAMES = [str(path.relative_to(ROOT)) for path in STAGES]


@pytest.fixture(autouse=True, scope="module")
def _box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A small box in the place of the project's, from which some configs take their networks."""
    with pytest.MonkeyPatch.context() as patch:
        box = small_box(tmp_path_factory.mktemp("configs") / "box")
        patch.setattr("pvvae.pretrained.box.SHIPPED", box)
        yield


@functools.cache
def load(name: str) -> Any:
    return program.load(ROOT / name, [])[1]


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_config_loads(name: str) -> None:
    config = load(name)
    assert program.resolved(config)["stage"] in program.names()


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_config_opens_with_what_it_is(name: str) -> None:
    assert (ROOT / name).read_text().startswith("# ")


def test_no_two_configs_share_a_run_folder() -> None:
    folders = [load(name).run for name in NAMES]
    assert len(set(folders)) == len(folders)


@pytest.mark.parametrize("name", NAMES)
def test_the_runs_that_a_config_starts_from_are_those_of_other_configs(name: str) -> None:
    made = {load(other).run for other in NAMES}
    config = load(name)
    used = [vars(config).get(key) for key in ("init", "vae", "latents", "latte", "samples")]
    ours = {run for run in used if isinstance(run, str) and not run.startswith(OTHERS)}
    assert ours <= made


@pytest.mark.parametrize("folder", ["", "tiny/", "quickstart/"])
@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_stage_of_both_backbones_is_there_at_both_sizes(folder: str, backbone: str) -> None:
    stages = {Path(n).stem for n in NAMES if n.startswith(f"{folder}{backbone}/")}
    assert stages == set(program.names()) - OF_TABLES


@pytest.mark.parametrize("stage", sorted(OF_TABLES))
def test_a_stage_of_tables_has_a_config_that_they_share(stage: str) -> None:
    words = ["run=runs/here", "vae=runs/there"]
    _, config = program.load(ROOT / "shared" / f"{stage}.yaml", words)
    assert program.resolved(config)["stage"] == stage


@pytest.mark.parametrize("path", TABLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_table_opens_with_what_it_is_and_decodes(path: Path) -> None:
    assert path.read_text().startswith("# Table ")
    plain = codec.read_yaml(path)
    target = ReconstructionTable if "clips" in plain else GenerationTable
    table = codec.decode(target, plain)
    for subject in table.subjects:
        assert subject.config is None or (ROOT.parent / subject.config).is_file()


def test_the_paper_s_tables_are_at_the_paper_s_size() -> None:
    """Section 4.1, and the order of both tables' rows."""
    two = codec.decode(ReconstructionTable, codec.read_yaml(ROOT / "tables/table2.yaml"))
    one = codec.decode(GenerationTable, codec.read_yaml(ROOT / "tables/table1.yaml"))
    assert (two.num, two.frames, two.sizes, one.num, one.size) == (2048, 17, (256, 512), 2048, 256)
    for table in (one, two):
        assert table.speed is not None
        assert {key: table.speed[key] for key in ("batch", "warmup", "rounds")} == {
            "batch": 4,
            "warmup": 50,
            "rounds": 100,
        }
        assert [subject.name for subject in table.subjects] == [
            row.name for row in ROWS[table_of(table)]
        ]


def head(path: Path) -> str:
    """The comments that a config opens with."""
    lines = itertools.takewhile(lambda line: line.startswith("#"), path.read_text().splitlines())
    return "\n".join(lines)


def test_a_config_of_paper_size_opens_with_the_number_that_it_must_reach() -> None:
    rows = {row.name: row.figures for row in ROWS["generation"]}
    rebuilt = {row.name: row.figures for row in ROWS["reconstruction"]}
    table = codec.decode(GenerationTable, codec.read_yaml(ROOT / "tables/table1.yaml"))
    for subject in table.subjects:
        if subject.config is not None:
            words = head(ROOT.parent / subject.config)
            for value in (*rows[subject.name][:5], *rebuilt[subject.name][:2]):
                assert f"{value:.2f}" in words, (subject.name, value)
    ours = {"cnn": rows["PV-VAE"][0], "vit": 178.86}  # Tables 1 and 7
    for backbone, fvd in ours.items():
        for path in (ROOT / backbone).glob("*.yaml"):
            if path.stem not in ("backbone", "predictive", "decoder_finetune"):
                known = (f"FVD {fvd:.2f}", "rFVD")
                assert any(word in head(path) for word in known), path
    for path in (ROOT / "realestate10k").glob("*.yaml"):
        assert f"FVD {rows['PV-VAE'][3]:.2f}" in head(path), path


def table_of(table: object) -> Kind:
    return "reconstruction" if isinstance(table, ReconstructionTable) else "generation"


@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_three_vae_stages_are_the_paper_s(backbone: str) -> None:
    """Section 3.2 (steps, resolutions) and section 4.1 (learning rate, ratio, 16 GPUs)."""
    images, video, decoder = (
        load(f"{backbone}/{stage}.yaml")
        for stage in ("image_pretrain", "predictive", "decoder_finetune")
    )
    assert (images.steps, video.steps, decoder.steps) == (300_000, 50_000, 50_000)
    assert {bucket.height for bucket in images.data.buckets} == {256, 384, 512}
    assert {bucket.height for bucket in video.data.buckets} == {256, 512}
    assert {bucket.frames for bucket in video.data.buckets} == {17}
    for stage in (images, video, decoder):
        assert stage.optimizer.lr == 5e-5
        assert stage.optimizer.schedule == "cosine"
        assert stage.optimizer.final_ratio == 0.1
        assert stage.backbone.latent_channels == 64
        assert stage.data.slots == 16
    assert (images.objective.max_drop_ratio, decoder.objective.max_drop_ratio) == (0.0, 0.0)
    assert video.objective.max_drop_ratio == 1.0
    assert video.objective.gan_start == 5_000
    assert video.pad == "learnable"


@pytest.mark.parametrize("backbone", BACKBONES)
def test_latte_and_its_samples_are_the_paper_s(backbone: str) -> None:
    """Section 4.1."""
    latte, samples = load(f"{backbone}/latte.yaml"), load(f"{backbone}/generate.yaml")
    assert (latte.steps, latte.batch, latte.optimizer.lr) == (250_000, 64, 1e-4)
    assert latte.denoiser.latent_channels == 64
    assert (samples.sampler.steps, samples.sampler.method) == (100, "euler")
    assert samples.num == 2048


def test_a_pipeline_names_configs_that_exist() -> None:
    pipelines = [path for path in runnable_configs() if "commands" in codec.read_yaml(path)]
    assert pipelines
    for path in pipelines:
        for command in yaml.safe_load(path.read_text())["commands"]:
            files = [word for word in command.split() if word.endswith(".yaml")]
            assert all((ROOT.parent / file).is_file() for file in files), command
