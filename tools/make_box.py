"""Make a box of trained runs: python -m tools.make_box OUT --vae NAME=RUN ... [--study FOLDER]

--vae NAME=RUN[=LABEL]      a VAE, of a run of stage predictive, say
--twin OF=RUN[=LABEL]       the one that was not taught to predict, as OF_twin
--latte VAE=RUN             a Latte on the latents of that VAE, as VAE_latte
--study FOLDER              outcomes of `pvvae study configs/studies/box.yaml`, for the card
--card FILE                 a card of your own, in the place of the one that is made

The study measures a box that is there: make it, run the study, remove the box and make it again
with --study. The networks come out the same, byte for byte.
"""

import argparse
from pathlib import Path

from pvvae.box.write import PackedLatte, PackedVAE, write_box
from pvvae.pretrained.box import BoxedLatte, BoxedVAE
from tools.box_card import Trained, card


def main() -> None:
    """Make it, and say how large it is."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    for option in ("--vae", "--twin", "--latte"):
        parser.add_argument(option, action="append", default=[], metavar="NAME=RUN")
    parser.add_argument("--study", type=Path)
    parser.add_argument("--card", type=Path)
    words = parser.parse_args()
    vaes, lattes, trained = {}, {}, []
    for name, run, label in map(_parts, words.vae):
        vaes[name] = PackedVAE.of_run(run, BoxedVAE(label=label or name))
        trained.append(Trained(label=label or name, run=run, network="vae"))
    for name, run, label in map(_parts, words.twin):
        about = BoxedVAE(label=label or f"{name}, twin", twin_of=name)
        vaes[f"{name}_twin"] = PackedVAE.of_run(run, about)
        trained.append(Trained(label=about.label, run=run, network="vae"))
    for name, run, _ in map(_parts, words.latte):
        lattes[f"{name}_latte"] = PackedLatte.of_run(run, BoxedLatte(vae=name))
        label = f"Latte on {vaes[name].about.label if name in vaes else name}"
        trained.append(Trained(label=label, run=run, network="denoiser"))
    text = card(trained, study=words.study) if words.card is None else words.card.read_text()
    total = write_box(words.out, vaes=vaes, lattes=lattes, card=text)
    print(f"{words.out}: {total / 2**20:.1f} MiB")


def _parts(word: str) -> tuple[str, Path, str]:
    name, _, rest = word.partition("=")
    run, _, label = rest.partition("=")
    return name, Path(run), label


if __name__ == "__main__":
    main()
