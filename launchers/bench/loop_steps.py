"""``python -m launchers.bench.loop_steps NETWORK FOLDER BLOCKS``: one network, in a group.

Writes FOLDER/NETWORK.json.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arch.ranges import Count, Number
from launchers.arguments import number
from pvvae.accelerator import keep_freed_memory, on_cpu, settle_accelerator

if TYPE_CHECKING:
    from launchers.bench.alternating import Alternating
    from pvvae.run.run import Run

LOG_EVERY = 10
"""Steps of a block, each with one line of the log: the tiny configs' own."""
CONFIGS = Path(__file__).resolve().parents[2] / "configs" / "tiny"
CLIPS = "data.buckets=[{frames: 17, height: 64, width: 64, batch: 2}]"


def main() -> None:
    """Measure one network as the words of the command line say."""
    parser = argparse.ArgumentParser(prog="loop_steps", description=__doc__)
    parser.add_argument("network")
    parser.add_argument("folder", type=Path)
    parser.add_argument("blocks", type=number(Count))
    parser.add_argument("--local_rank", type=number(Number), help="given by the deepspeed launcher")
    words = parser.parse_args()
    settle_accelerator()
    if on_cpu():
        keep_freed_memory()  # as a stage's process does
    from pvvae.distributed import is_main, leave
    from pvvae.engine import start, stop
    from pvvae.files import write_json

    start()
    found = measure(words.network, words.folder, blocks=words.blocks)
    if is_main():
        write_json(words.folder / f"{words.network}.json", found)
    stop()
    leave(0)


def measure(name: str, folder: Path, *, blocks: int) -> dict[str, Any]:
    """Steps of the tiny config of one backbone, or of Latte, by the loop and bare, in turn.

    One block more is taken and left out: it warms up.

    Args:
        name: ``cnn``, ``vit`` or ``latte``.
        folder: with ``shards`` and ``latents``, where the run folder is made too.
        blocks: samples of each way.
    """
    from launchers.bench.ratio import Ratio
    from pvvae.run.run import Run
    from pvvae.training.loop import LoopConfig, run_loop
    from pvvae.training.monitoring.monitor import MonitorConfig

    steps = (blocks + 1) * LOG_EVERY + 1  # the loop's last step is not closed
    config, stage = _config(name, folder, steps)
    run = Run(config, stage=stage)
    trainer = _alternating(config, run)
    never = LOG_EVERY * steps
    periods = LoopConfig(log_every=LOG_EVERY, evaluate_every=never, checkpoint_every=never)
    run_loop(trainer, run, steps=steps, config=periods, watch=MonitorConfig())
    taken = slice(LOG_EVERY, steps - 1)
    loop, bare = trainer.laps["loop"][taken], trainer.laps["bare"][taken]
    clocks = {
        "seconds": Ratio.of([x.seconds for x in loop], [x.seconds for x in bare], block=LOG_EVERY),
        "cpu": Ratio.of([x.cpu for x in loop], [x.cpu for x in bare], block=LOG_EVERY),
    }
    first = {way: float(loss) for way, loss in trainer.first.items()}
    return {clock: ratio.data() for clock, ratio in clocks.items()} | {"first_loss": first}


def _config(name: str, folder: Path, steps: int) -> tuple[Any, str]:
    from stages import program

    own = [f"run={folder}/runs/{name}", f"steps={steps}"]
    if name == "latte":
        words = [f"latents={folder}/latents"]
        return program.load(CONFIGS / "cnn/latte.yaml", [*own, *words])[1], "latte"
    data = f"{folder}/shards"
    gan = ["objective.gan_start=0", "init=null"]
    size = "held_out={clips: 1, frames: 17, height: 64, width: 64}"
    words = [f"data.train={data}", "data.held_out=null", CLIPS, size, *gan]
    return program.load(CONFIGS / f"{name}/predictive.yaml", [*own, *words])[1], "predictive"


def _alternating(config: Any, run: "Run") -> "Alternating":
    from launchers.bench.alternating import Alternating
    from launchers.bench.bare_steps import BareDenoiser, BareVAE
    from pvvae.denoiser.config import DenoiserTrainingConfig
    from pvvae.denoiser.trainer import DenoiserTrainer
    from pvvae.planning.flops import slot_counter
    from pvvae.vae.trainer import VAETrainer

    if isinstance(config, DenoiserTrainingConfig):
        denoiser = DenoiserTrainer(config, count=slot_counter(config), folder=Path(config.run))
        return Alternating(denoiser, BareDenoiser(denoiser), loss="flow")
    vae = VAETrainer(config, run, count=slot_counter(config), freeze_encoder=False)
    return Alternating(vae, BareVAE(vae), loss="mse")


if __name__ == "__main__":
    main()
