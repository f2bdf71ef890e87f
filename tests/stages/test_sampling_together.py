"""Several processes make the samples of one: each its own, or all of a team each of them."""

from pathlib import Path

import numpy as np
import pytest

from pvvae.errors import ConfigError
from pvvae.run.folder import read_metrics
from tests.processes import run_group
from tests.stages.short import run_stage
from tests.stages.toy_runs import SMALL, cache, online, shake, vae_run

pytestmark = [pytest.mark.usefixtures("group"), pytest.mark.matrix]

MANY = ["num=5", "batch=2", "sampler.steps=3", "sampler.guidance=2"]
LONG = ["num=1", "sampler.steps=3", "frames=33", "height=48", "width=80"]
"""Nine groups of 15 cells, which two processes cannot share evenly."""
ONWARD = ["num=1", "sampler.steps=3", "frames=25", "known=2"]


@pytest.fixture(scope="module")
def runs(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Samples by one process, then by two and by a team of two; and online training by two."""
    folder = tmp_path_factory.mktemp("together")
    vae = vae_run(folder / "vae")
    latents = cache(shards, folder, vae)
    latte = [*SMALL, "history=0.5", "steps=3"]
    run_stage("latte", shards, folder, *latte, f"latents={latents}")
    shake(folder / "latte")
    words = [f"latte={folder}/latte", f"vae={vae}"]
    learn = [*latte, online(shards, vae)]
    for name, extra in (("long", LONG), ("onward", ONWARD)):
        run_stage("generate", shards, folder, f"run={folder}/{name}", *words, *extra)
    # In a process of its own, as the two have: equal bytes are promised of equal machines, and what
    # ran in this process before is not nothing to its kernels.
    alone = ["-m", "tests.stages.worker", str(shards), str(folder)]
    run_group([*alone, " ".join(["many", "generate", *words, *MANY])], processes=1)
    run_stage("latte", shards, folder, f"run={folder}/learned", *learn)
    team = "sequence_parallel=2"
    jobs = [
        ["many_by_two", "generate", *words, *MANY],
        ["many_by_team", "generate", *words, *MANY, team],
        ["long_by_team", "generate", *words, *LONG, team],
        ["onward_by_team", "generate", *words, *ONWARD, team],
        ["learned_by_two", "latte", *learn, "engine.zero_stage=2"],
    ]
    worker = ["-m", "tests.stages.worker", str(shards), str(folder), *map(" ".join, jobs)]
    run_group(worker, processes=2)
    return folder


def clips(run: Path) -> list[np.ndarray]:
    return [np.load(path) for path in sorted((run / "clips").glob("*.npy"))]


def test_two_processes_make_the_samples_of_one(runs):
    one, two = clips(runs / "many"), clips(runs / "many_by_two")
    assert len(one) == 5
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize("name", ["many", "long", "onward"])
def test_a_team_makes_the_samples_of_one_process_within_rounding(name, runs):
    one, team = clips(runs / name), clips(runs / f"{name}_by_team")
    for a, b in zip(one, team, strict=True):
        assert a.std() > 0
        assert np.abs(a.astype(int) - b.astype(int)).max() <= 1  # a level of 256


def test_two_processes_that_encode_learn_what_one_does(runs):
    for kind in ("train", "held_out"):
        one, two = (
            [line["flow"] for line in read_metrics(runs / run, kind)]
            for run in ("learned", "learned_by_two")
        )
        assert len(one) >= 2
        assert two == pytest.approx(one, rel=1e-5)
    files = [runs / run / "latents.json" for run in ("learned", "learned_by_two")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_another_batch_changes_no_sample_by_more_than_rounding(runs, shards, tmp_path):
    words = [f"latte={runs}/latte", f"vae={runs}/vae", *MANY]
    for batch in (1, 5):
        run = tmp_path / str(batch)
        run_stage("generate", shards, tmp_path, f"run={run}", *words, f"batch={batch}")
        for a, b in zip(clips(runs / "many"), clips(run), strict=True):
            assert np.abs(a.astype(int) - b.astype(int)).max() <= 1


def test_bfloat16_makes_nearly_the_same(runs, shards, tmp_path):
    words = [f"latte={runs}/latte", f"vae={runs}/vae", *MANY, "precision=bf16"]
    run_stage("generate", shards, tmp_path, f"run={tmp_path}/bf16", *words)
    exact, coarse = np.stack(clips(runs / "many")), np.stack(clips(tmp_path / "bf16"))
    apart = np.abs(exact.astype(int) - coarse.astype(int))
    # The network rounds by 1%, which guidance and so rough weights make more of: 7% were seen.
    assert 0 < apart.mean() < 0.1 * exact.std()


def test_one_process_is_no_team(runs, shards, tmp_path):
    words = [f"latte={runs}/latte", f"vae={runs}/vae", "sequence_parallel=2"]
    with pytest.raises(ConfigError, match=r"^sequence_parallel: one process cannot be parted"):
        run_stage("generate", shards, tmp_path, *words)


@pytest.mark.matrix
def test_a_compiled_denoiser_makes_the_same_within_rounding(runs, shards, tmp_path):
    words = [f"latte={runs}/latte", f"vae={runs}/vae", *MANY, "compile=true"]
    run_stage("generate", shards, tmp_path, f"run={tmp_path}/compiled", *words)
    for a, b in zip(clips(runs / "many"), clips(tmp_path / "compiled"), strict=True):
        assert np.abs(a.astype(int) - b.astype(int)).max() <= 1


def test_a_team_is_not_compiled(runs, shards, tmp_path):
    words = [f"latte={runs}/latte", f"vae={runs}/vae", "sequence_parallel=2", "compile=true"]
    with pytest.raises(ConfigError, match="compile: a denoiser that processes share"):
        run_stage("generate", shards, tmp_path, *words)
