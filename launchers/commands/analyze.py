"""``pvvae analyze``: what latents look like and foretell, side by side for many VAEs."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from arch.ranges import Count, Length, Seed
from launchers.analysed import add_clips, claim_pages, clips_of, labels_of, sources_of
from launchers.arguments import GOES_ON, add_command, number
from launchers.outputs import add_overwrite, check_output, claim_folder
from pvvae.errors import ConfigError

if TYPE_CHECKING:
    from launchers.arguments import Commands

LATENTS = """\
examples:
  pvvae analyze latents runs/cnn runs/vit --clips scenes/held_out --size 64x64
  pvvae analyze latents runs/mine configs/peers/wan2.2.yaml --clips kinetics/val --out latents

A RUN is the folder of a VAE stage, a folder that `pvvae export --format pretrained` wrote, or a
YAML with `vae:`, as in configs/peers. All see the same clips. Their latents are shown as colours
beside the clip and its optical flow (Figures 1c and 4), and measured: how far they move in time
(Figure 5c, d), how strong they are where the video moves, which channels are used, how their
variance spreads, VIV, SEC, LDS and CDS. Flow is the truth on clips of `pvvae data scenes`, OpenCV's
DIS elsewhere.

Writes OUT/index.html, OUT/analysis.json and OUT/pictures. Killed and given again, the command goes
on from the clips that are kept in OUT/measured, and finds the same numbers.
"""
PREDICTION = """\
examples:
  pvvae analyze prediction runs/mine runs/twin --clips scenes/held_out --size 64x64
  pvvae analyze prediction runs/mine --clips kinetics/val --observed 5 9 13

Futures beside the truth (Figure 6), and their error frame by frame, on what moves and on what
stands still, beside three rivals: the last frame seen, repeated; that frame moved on at its own
velocity; and the VAE's own reconstruction of the whole clip, which is the floor. What moves, and
how fast, is the truth on clips of `pvvae data scenes`, OpenCV's DIS elsewhere.

Writes OUT/index.html, OUT/analysis.json and OUT/films. Killed and given again, the command goes on
from the clips that are kept in OUT/measured, and finds the same numbers.
"""
PATHS = """\
example:
  pvvae analyze paths runs/quickstart/cnn/latte runs/quickstart/vit/latte --num 64

How straight the way from noise to data is that each trained Latte takes: the cosine between one
step and the next, and the distance from end to end over the way. Both are 1 on a straight line.
Noise and classes are those of `pvvae sample` with the same seed. Prints a table, and writes it with
--json.
"""
FORETELL = """\
examples:
  pvvae analyze foretell configs/studies/tiny/table4.yaml configs/studies/tiny/table5.yaml
  pvvae analyze foretell docs/results/2026-11-22-* --latents latents/analysis.json

Which number of a VAE foretells the quality of samples: of every finished run of any studies (YAML
files, or folders with outcomes/), what was measured of its VAE against gFVD. Rank and linear
correlation at equal study and seed, and how well other studies' line tells the better of two, with
intervals. --latents adds the numbers of `pvvae analyze latents`, of runs that the studies name.

Writes OUT/index.html and OUT/analysis.json. Trains and measures nothing.
"""
EXAMPLE = "example:\n  pvvae analyze latents runs/mine --clips kinetics/val --out latents\n"


def add(commands: "Commands") -> None:
    """Declare the command and what it analyses."""
    analyze = add_command(
        commands,
        "analyze",
        help="look into latents and predictions of VAEs, side by side",
        more=EXAMPLE,
        run=lambda _: 0,
        interrupted=GOES_ON,
    )
    inner = analyze.add_subparsers(required=True, metavar="WHAT", parser_class=type(analyze))
    latents = add_command(
        inner,
        "latents",
        help="pictures and numbers of latents",
        more=LATENTS,
        run=_latents,
        interrupted=GOES_ON,
    )
    add_clips(latents, out="latents")
    latents.add_argument(
        "--basis",
        choices=("own", "shared"),
        default="own",
        help="colours: each VAE's own components, or one set for all; default: own",
    )
    prediction = add_command(
        inner,
        "prediction",
        help="futures beside the truth and three rivals",
        more=PREDICTION,
        run=_prediction,
        interrupted=GOES_ON,
    )
    add_clips(prediction, out="prediction")
    prediction.add_argument(
        "--observed",
        nargs="+",
        type=number(Length),
        metavar="N",
        help="frames shown, one or more numbers; default: about half of the groups",
    )
    paths = add_command(
        inner, "paths", help="how straight samplers' ways are", more=PATHS, run=_paths
    )
    paths.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folder of stage latte")
    paths.add_argument(
        "--num", type=number(Count), default=64, metavar="N", help="of samples; default: 64"
    )
    paths.add_argument(
        "--steps", type=number(Count), default=100, metavar="N", help="of Euler; default: 100"
    )
    paths.add_argument("--seed", type=number(Seed), default=0, metavar="N", help="default: 0")
    paths.add_argument("--json", type=Path, metavar="OUT", help="write results and protocol")
    add_overwrite(paths)

    foretell = add_command(
        inner, "foretell", help="which number foretells gFVD", more=FORETELL, run=_foretell
    )
    foretell.add_argument("studies", nargs="+", type=Path, metavar="STUDY", help="YAML or folder")
    foretell.add_argument(
        "--latents",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="analysis.json of `pvvae analyze latents`",
    )
    foretell.add_argument(
        "--out", type=Path, default=Path("foretell"), metavar="OUT", help="a folder"
    )
    add_overwrite(foretell)


def _latents(arguments: argparse.Namespace) -> int:
    claim_pages(arguments, "analyze latents", ["index.html", "analysis.json", "pictures"])

    from pvvae.analysis.latents import analyse_latents, forget
    from pvvae.report.latents.page import text_table, write_page
    from pvvae.report.latents.pictures import pictures, write_pictures

    sources = sources_of(arguments.runs)
    clips = clips_of(arguments)
    found = analyse_latents(sources, clips, arguments.out)
    made = pictures(found, clips, shown=arguments.shown, basis=arguments.basis)
    write_pictures(made, arguments.out / "pictures")
    page = write_page(found, made, arguments.out)
    forget(arguments.out)
    print(text_table(found))
    print(page)
    return 0


def _prediction(arguments: argparse.Namespace) -> int:
    claim_pages(arguments, "analyze prediction", ["index.html", "analysis.json", "films"])

    from pvvae.analysis.latents import forget
    from pvvae.analysis.prediction import analyse_prediction
    from pvvae.report.prediction.page import films, text_table, write_films, write_page

    sources = sources_of(arguments.runs)
    clips = clips_of(arguments)
    observed = dict.fromkeys(arguments.observed) if arguments.observed else [None]
    found = analyse_prediction(sources, clips, list(observed), arguments.out)
    made = films(sources, clips, found, shown=arguments.shown)
    write_films(made, arguments.out / "films")
    page = write_page(found, made, arguments.out)
    forget(arguments.out)
    print(text_table(found))
    print(page)
    return 0


def _paths(arguments: argparse.Namespace) -> int:
    if arguments.json is not None:
        check_output(arguments.json, overwrite=arguments.overwrite)
    labels = labels_of(arguments.runs)

    from pvvae.analysis.paths import analyse_paths
    from pvvae.denoiser.rectified_flow import SamplerConfig
    from pvvae.files import write_json

    found = analyse_paths(
        dict(zip(labels, arguments.runs, strict=True)),
        SamplerConfig(steps=arguments.steps),
        num=arguments.num,
        seed=arguments.seed,
    )
    width = max(map(len, labels))
    for label, results in found.items():
        values = [f"{name} {value.value:.4f}" for name, value in results.metrics.items()]
        print(f"{label.ljust(width)}  {'  '.join(values)}")
    if arguments.json is not None:
        plain = {label: results.plain() for label, results in found.items()}
        write_json(arguments.json, {"kind": "paths", "runs": plain})
    return 0


def _foretell(arguments: argparse.Namespace) -> int:
    from pvvae.report.foretelling.page import FILE, PAGE, foretell, text_table, write_page
    from pvvae.study.answers.foretold_runs import gather

    if arguments.out.is_file():
        raise ConfigError(f"--out: {arguments.out} is a file; name a folder")
    gathered = gather(arguments.studies, arguments.latents)
    found = foretell(gathered)
    if not found:
        raise ConfigError(
            f"{', '.join(map(str, arguments.studies))}: {len(gathered.runs)} runs, of which no "
            "three stand beside another of their study and seed and differ in a number of their "
            "VAEs"
        )
    studies = ", ".join(str(study.resolve()) for study in arguments.studies)
    made_by = f"pvvae analyze foretell of {studies}"
    claim_folder(arguments.out, made_by, names=[PAGE, FILE], overwrite=arguments.overwrite)
    page = write_page(gathered, found, arguments.out)
    print(text_table(found))
    for line in gathered.notes:
        print(f"note: {line}")
    for line in gathered.left_out:
        print(f"left out: {line}")
    print(page)
    return 0
