"""Processes that share the tokens of each clip see what one process sees."""

import contextlib
from pathlib import Path

import pytest

from tests.processes import run_group
from tests.stages.curves import NAMES, SHARDED, SMOOTH, curve, vit
from tests.stages.short import run_stage
from tests.stages.worker import Killed, dying_at
from tests.toy_clips import pack_toy_clips

# Its runs are made by whichever test comes first.
pytestmark = [pytest.mark.matrix, pytest.mark.timeout(900)]

COMMON = [SMOOTH[0], *SHARDED, "steps=6", "optimizer.lr=1e-2", "optimizer.warmup=0"]
"""Attention starts as nothing; after a step so large it matters (with another ``rope_base``, for
one, the gradient norms of the last steps differ by 2%)."""
CAUSAL = vit().replace('"full","window":null', '"block_causal","window":2')
LONG = (
    'data.buckets=[{"frames":33,"height":32,"width":48,"batch":1}] '
    "held_out.clips=1 held_out.frames=33"
)
GAN = SMOOTH[1]
ALONE = {
    "full": f"predictive {GAN} {vit()}",
    "sample": f"predictive objective.drop=sample objective.weight_lecam=0.5 {GAN} {vit()}",
    "causal": f"predictive {GAN} {CAUSAL}",
    "long": f"predictive {LONG} {GAN} {vit()}",
    "frozen": f"decoder_finetune discriminator=null {vit()}",
    "latte": "latte",
}
"""Runs of one process, by name."""
SHARED = {
    "team0": "full engine.zero_stage=0",
    "team1": "full engine.zero_stage=1",
    "team2": "full engine.zero_stage=2",
    "team3": "full engine.zero_stage=3",
    "teamsample": "sample",
    "teamcausal": "causal",
    "teamlong": "long engine.zero_stage=3",
    "teamoverlap": "full engine.overlap=true",
    "teamfrozen": "frozen",
    "teamlatte": "latte",
    "teamlatte3": "latte engine.zero_stage=3",
}
"""Runs of a team of two, each like one of ALONE."""
LOSSES = {
    "sample": (*NAMES, "lecam"),
    "frozen": ("mse", "diff", "lpips", "kl", "gradient_norm", "grad_rec", "grad_lpips"),
    "latte": ("flow", "gradient_norm"),
}
"""What is compared, where it is not NAMES."""
NEAR = {"gan": 3e-4}
"""Absolute tolerance where it is not 1e-7: logits of both signs cancel in the GAN's loss, so its
rounding is that of the hinge's margin, 1, not of its own size (7e-5 after six steps of 1e-2)."""
TEAMS = {"teams2": "full", "teamssample": "sample engine.zero_stage=3", "teamslatte": "latte"}
"""Runs of two teams of two."""
PARTS = (
    "full engine.zero_stage=1 until=3",
    "full engine.zero_stage=3 until=5",
    "full engine.zero_stage=2",
)
"""Of one run, by one process, one team and two."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, group: None) -> Path:
    folder = tmp_path_factory.mktemp("teams")
    shards = pack_toy_clips(folder / "toy")
    long = pack_toy_clips(folder / "toy33", frames=33)

    own = {
        "long": [f"data.train={long}/train", f"data.held_out={long}/held_out"],
        "frozen": [f"init={folder}/full"],
    }

    def words(job: str) -> list[str]:
        like, *extra = job.split()
        return [*ALONE[like].split(), *own.get(like, []), *COMMON, *extra]

    def by_group(jobs: dict[str, str], processes: int) -> None:
        named = [" ".join([name, *words(job), "sequence_parallel=2"]) for name, job in jobs.items()]
        worker = ["-m", "tests.stages.worker", str(shards), str(folder), *named]
        run_group(worker, processes=processes)

    for name in ALONE:
        stage, *extra = words(name)
        if stage == "latte":
            run_stage("extract_latents", shards, folder, f"vae={folder}/full")
        run_stage(stage, shards, folder, f"run={folder}/{name}", *extra)
    stage, *extra = words(PARTS[0])
    with contextlib.suppress(Killed), dying_at(3):
        run_stage(stage, shards, folder, f"run={folder}/changing", *extra[:-1])
    by_group(SHARED | {"changing": PARTS[1]}, 2)
    by_group(TEAMS | {"changing": PARTS[2]}, 4)
    return folder


@pytest.mark.parametrize("name", [*SHARED, *TEAMS])
def test_a_team_sees_what_one_process_sees(runs, name):
    alone = (SHARED | TEAMS)[name].split()[0]
    for loss in LOSSES.get(alone, NAMES):
        expected = curve(runs / alone, loss)
        assert len(expected) >= 3
        near = pytest.approx(expected, rel=1e-4, abs=NEAR.get(loss, 1e-7))
        assert curve(runs / name, loss) == near


@pytest.mark.parametrize("name", [*SHARED, *TEAMS])
def test_it_measures_the_same_on_held_out_clips(runs, name):
    alone = (SHARED | TEAMS)[name].split()[0]
    for value in ("flow",) if alone == "latte" else ("psnr", "prediction_mse", "lpips"):
        expected = curve(runs / alone, value, kind="held_out")
        assert len(expected) == 4
        found = curve(runs / name, value, kind="held_out")
        assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", ["team2", "teamsample", "teams2", "teamssample"])
def test_it_counts_each_clip_once(runs, name):
    alone = (SHARED | TEAMS)[name].split()[0]
    for value in ("latent_mean_first", "latent_std_first", "latent_std_later", "channels_active"):
        expected = curve(runs / alone, value)
        assert curve(runs / name, value) == pytest.approx(expected, rel=1e-4, abs=1e-7)
    counts = [clips_of_steps(runs / run) for run in (name, alone)]
    assert counts[0] == pytest.approx(counts[1], rel=1e-6)


def clips_of_steps(run: Path) -> list[float]:
    times = curve(run, "times")
    return [each["clips_per_second"] * each["seconds_per_step"] for each in times]


def test_a_run_goes_on_in_teams(runs):
    for loss in NAMES:
        expected = curve(runs / "full", loss)
        near = pytest.approx(expected, rel=1e-4, abs=NEAR.get(loss, 1e-7))
        assert curve(runs / "changing", loss) == near
    expected = curve(runs / "full", "psnr", kind="held_out")
    assert curve(runs / "changing", "psnr", kind="held_out") == pytest.approx(expected, rel=1e-4)
