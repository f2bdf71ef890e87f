"""Make a box of trained runs: python -m tools.make_box OUT --card CARD.md --vae NAME=RUN ...

--vae NAME=RUN[=LABEL]      a VAE, of a run of stage predictive, say
--twin OF=RUN[=LABEL]       the one that was not taught to predict, as OF_twin
--latte VAE=RUN             a Latte on the latents of that VAE, as VAE_latte
"""

import argparse
from pathlib import Path

from pvvae.box.folder import BoxedLatte, BoxedVAE
from pvvae.box.write import PackedLatte, PackedVAE, write_box


def main() -> None:
    """Make it, and say how large it is."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--card", type=Path, required=True)
    for option in ("--vae", "--twin", "--latte"):
        parser.add_argument(option, action="append", default=[], metavar="NAME=RUN")
    words = parser.parse_args()
    vaes, lattes = {}, {}
    for name, run, label in map(_parts, words.vae):
        vaes[name] = PackedVAE.of_run(run, BoxedVAE(label=label or name))
    for name, run, label in map(_parts, words.twin):
        about = BoxedVAE(label=label or f"{name}, twin", twin_of=name)
        vaes[f"{name}_twin"] = PackedVAE.of_run(run, about)
    for name, run, _ in map(_parts, words.latte):
        lattes[f"{name}_latte"] = PackedLatte.of_run(run, BoxedLatte(vae=name))
    total = write_box(words.out, vaes=vaes, lattes=lattes, card=words.card.read_text())
    print(f"{words.out}: {total / 2**20:.1f} MiB")


def _parts(word: str) -> tuple[str, Path, str]:
    name, _, rest = word.partition("=")
    run, _, label = rest.partition("=")
    return name, Path(run), label


if __name__ == "__main__":
    main()
