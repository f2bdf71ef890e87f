"""The page about predicted futures, and its numbers as lines to print."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from pvvae import distributed
from pvvae.analysis.clips import AnalysedClips
from pvvae.analysis.futures import future_of
from pvvae.analysis.latents import Sources
from pvvae.analysis.prediction import (
    EXTRAPOLATED,
    MAKERS,
    PIXELS,
    PREDICTED,
    REBUILT,
    REPEATED,
    AnalysedPrediction,
    opened,
    split_of,
)
from pvvae.autoencoder.long_video import through
from pvvae.data.video.video import SAMPLE_FPS, Frames, write_video
from pvvae.files import write_text
from pvvae.metrics.results import Value
from pvvae.report.html_shell import Section, shell
from pvvae.report.prediction.plot import horizon_plot
from pvvae.report.runs import film

PAGE = "index.html"
WORDS = {
    PREDICTED: "predicted",
    REPEATED: "last frame repeated",
    EXTRAPOLATED: "motion kept going",
    REBUILT: "its own reconstruction",
}
KINDS = dict(zip(PIXELS, ("what moves", "what stands still"), strict=True))


def films(
    sources: Sources, clips: AnalysedClips, found: Sequence[AnalysedPrediction], *, shown: int
) -> dict[int, list[tuple[str, list[str], Frames]]]:
    """By observed frames, title, captions and film of each clip shown.

    In a film stand the truth, what each VAE predicts and the rival that keeps the motion going;
    the bar above turns amber where the encoder saw nothing.
    """
    seed = clips.question.seed
    made: dict[int, list[tuple[str, list[str], Frames]]] = {}
    for observed in dict.fromkeys(one.observed for one in found):
        futures = [future_of(clips, n, observed=observed) for n in range(min(shown, len(clips)))]
        columns = [{"truth": future.frames} for future in futures]
        for one in found:
            if one.observed != observed:
                continue
            vae = opened(sources, one.label)
            dropped, _ = split_of(vae, clips, observed, one.label)
            for future, of_clip in zip(futures, columns, strict=True):
                of_clip[one.label] = through(vae, future.frames, dropped=dropped, seed=seed)
        for number, (future, of_clip) in enumerate(zip(futures, columns, strict=True)):
            of_clip[WORDS[EXTRAPOLATED]] = future.extrapolated
            whole = film.beside([film.enlarged(frames) for frames in of_clip.values()])
            later = {
                k: film.clip_psnr(v[observed:], future.frames[observed:])
                for k, v in of_clip.items()
            }
            captions = [k if k == "truth" else f"{k} {later[k]:.1f} dB" for k in of_clip]
            film_of = film.with_bar(whole, observed=observed)
            made.setdefault(observed, []).append((clips.title(number), captions, film_of))
    return made


def write_films(made: Mapping[int, Sequence[tuple[str, list[str], Frames]]], folder: Path) -> None:
    """Each film as FOLDER/OBSERVED_NN.mp4.

    Raises:
        ConfigError: if the disk is full or refuses.
    """
    if not distributed.is_main():
        return
    for observed, each in made.items():
        for number, (_, _, frames) in enumerate(each):
            write_video(folder / f"{observed}_{number:02d}.mp4", frames, fps=SAMPLE_FPS)


def write_page(
    found: Sequence[AnalysedPrediction],
    made: Mapping[int, Sequence[tuple[str, list[str], Frames]]],
    out: Path,
) -> Path:
    """Write OUT/index.html.

    Raises:
        ConfigError: if the disk is full or refuses.
    """
    protocol, clips = found[0].results.protocol, found[0].results.counts["clips"]
    lead = (
        f"{clips:,} clips of {escape(str(protocol['size']))}: the encoder sees the first frames, "
        f"the decoder makes all. Motion is {escape(str(protocol['flow']))}; a pixel moves where it "
        "shows something that moved half a pixel or more since the frame before."
    )
    sections = []
    for observed in dict.fromkeys(one.observed for one in found):
        here = [one for one in found if one.observed == observed]
        sections.append(
            Section(
                key=f"observed-{observed}",
                head=f"{observed} frames seen",
                body=_cards(made.get(observed, [])) + _plots(here, observed) + _table(here),
            )
        )
    text = shell(
        sections,
        title="prediction",
        over=", ".join(dict.fromkeys(one.label for one in found)),
        heading="What becomes of frames that were not seen",
        header=f'<div class="lead"><p>{lead}</p></div>',
    )
    write_text(out / PAGE, text)
    return out / PAGE


def text_table(found: Sequence[AnalysedPrediction]) -> str:
    """Lines to print."""
    rows = [["", *(f"{one.label}, {one.observed} seen" for one in found)]]
    for name in found[0].results.metrics:
        rows.append([name, *(_plain(one.results.metrics[name], name) for one in found)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _plain(value: Value, name: str) -> str:
    if value.value is None:
        return "-"
    form = ".6f" if name.endswith("_mse") else "+.1%"
    text = format(value.value, form)
    if value.interval is not None:
        text += " ({} to {})".format(*(format(end, form) for end in value.interval))
    return text


def _cards(made: Sequence[tuple[str, list[str], Frames]]) -> str:
    cards = []
    for title, captions, frames in made:
        height, width = frames.shape[1:3]
        words = "".join(f"<span>{escape(caption)}</span>" for caption in captions)
        cards.append(
            f'<figure class="card"><video src="{film.video_uri(frames)}" width="{width}" '
            f'height="{height}" title="{escape(title)}" autoplay loop muted playsinline></video>'
            f'<figcaption class="row">{words}</figcaption></figure>'
        )
    return f'<div class="grid pairs">{"".join(cards)}</div>' if cards else ""


def _plots(found: Sequence[AnalysedPrediction], observed: int) -> str:
    facts = {one.label: one.results.facts for one in found}
    figures = "".join(
        f'<figure class="plot"><figcaption>Squared error, {title}</figcaption>'
        f"{horizon_plot(facts, pixels, name=f'horizon-{observed}-{pixels}')}</figure>"
        for pixels, title in KINDS.items()
    )
    legend = "".join(
        f'<span class="b{colour % 6}">{escape(label)}</span>' for colour, label in enumerate(facts)
    )
    return (
        f'<h3>Error over the horizon</h3><p class="legend">{legend}</p>'
        f'<div class="grid halves">{figures}</div><p class="caption">Dots: predicted. Dashed: the '
        "VAE’s own reconstruction of the whole clip, below which it cannot come. Dotted: the last "
        "frame seen, repeated. Dash-dotted: that frame, moved on at its own velocity.</p>"
    )


def _table(found: Sequence[AnalysedPrediction]) -> str:
    head = "".join(
        f'<th class="b{colour % 6}">{escape(one.label)}</th>' for colour, one in enumerate(found)
    )
    body = []
    for pixels, title in KINDS.items():
        body.append(
            f'<tr><th class="name" colspan="{1 + len(found)}">{title.capitalize()}</th></tr>'
        )
        for rival in MAKERS[1:]:
            cells = []
            for one in found:
                value = one.results.metrics[f"predicted_against_{rival}_{pixels}"]
                text, *rest = _plain(value, rival).replace("-", "−").split(" (", 1)
                small = f' <small class="interval">({rest[0]}</small>' if rest else ""
                cells.append(f"<td>{text}{small}</td>")
            body.append(f"<tr><th>against {WORDS[rival]}</th>{''.join(cells)}</tr>")
    return (
        "<h3>Against the rivals</h3>"
        f'<div class="wide"><table><thead><tr><th>error of prediction</th>{head}</tr></thead>'
        f'<tbody>{"".join(body)}</tbody></table></div><p class="caption">Below zero the prediction '
        "is nearer to the truth; in brackets 95% intervals over clips.</p>"
    )
