"""Lists of clips in files: CSV, JSON lines or plain paths, as data sets of video come with.

Paths are relative to the list's folder, or to ``UCF-101`` beside that. Labels are names or numbers;
without any, clips have none.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pvvae.config.reading import expected_form, parse_json
from pvvae.data.packing.sources import Source
from pvvae.errors import ConfigError

KINETICS = "youtube_id"
"""The column by which Kinetics' annotations (CVDF: ``label,youtube_id,time_start,time_end,split``)
are told from a CSV of paths."""
UCF101 = "UCF-101"
"""The folder of UCF101's videos, beside which its lists lie in one of their own."""


def read_clip_list(path: Path) -> list[Source]:
    """All clips of a list, sorted by name; whether their files are there shows when they are read.

    Understood are:

    - ``.csv`` with a header that has ``path`` and may have ``label``; without one these are the
      columns, or ``path number`` with a blank between, as in SlowFast's lists;
    - ``.csv`` of Kinetics, whose files are called ``ID_000010_000020.mp4`` and lie beside the
      list or its folder, as they are or by split, class, or both;
    - ``.jsonl``: an object a line, with ``path`` and perhaps ``label``;
    - any other text: a path a line, and perhaps a number behind it (UCF101's lists).

    Raises:
        ConfigError: naming the line, if it cannot be understood; if there is none, or one twice.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: no such list of clips, and no such folder")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not a list of clips: it is not text") from None
    readers = {".csv": _csv_rows, ".jsonl": _json_rows}
    rows = readers.get(path.suffix.lower(), _plain_rows)(path, text)
    sources: dict[str, Source] = {}
    with expected_form(path, OSError, csv.Error):  # of names that no file system takes, too
        for source in (_source(path, row) for row in rows):
            if source.name in sources:
                raise ConfigError(f"{path}: lists {source.name} twice")
            sources[source.name] = source
    if not sources:
        raise ConfigError(f"{path}: lists no clips")
    if any("\0" in name for name in sources):
        raise ConfigError(f"{path}: not a list of clips: it has null characters")
    return [sources[name] for name in sorted(sources)]


Row = Mapping[str, str | None]
"""``path`` and ``label``, or what Kinetics has."""


def _source(listing: Path, row: Row) -> Source:
    """A row as a clip; Kinetics' as the first file that is there."""
    label = row.get("label") or None
    if KINETICS not in row:
        name = str(row["path"])
        places = [folder / name for folder in (listing.parent, listing.parent.parent / UCF101)]
        path = next((place for place in places if place.exists()), places[0])
        return Source(path=path, name=name, label=label)
    try:
        begin, end = (int(float(row[key] or "")) for key in ("time_start", "time_end"))
    except (KeyError, ValueError, OverflowError):
        raise ConfigError(
            f"{listing}: {row[KINETICS]} has no time_start and time_end in whole seconds"
        ) from None
    name = f"{row[KINETICS]}_{begin:06d}_{end:06d}.mp4"
    places = list(_kinetics_places(listing, row, name))
    path = next((place for place in places if place.is_file()), places[0])
    return Source(path=path, name=name, label=label)


def _kinetics_places(listing: Path, row: Row, name: str) -> Iterator[Path]:
    """Where people keep Kinetics' files: its downloaders leave lists in ``annotations/``."""
    label, split = row.get("label") or "", row.get("split") or ""
    for folder in (listing.parent, listing.parent.parent):
        for part in ("", split):
            for word in ("", label, label.replace(" ", "_")):
                yield folder / part / word / name


def _csv_rows(path: Path, text: str) -> Iterator[Row]:
    lines = text.splitlines()
    header = next(csv.reader(lines), [])
    if KINETICS in header or "path" in header:
        for number, row in enumerate(csv.DictReader(lines), 2):
            if not row.get(KINETICS if KINETICS in header else "path"):
                raise ConfigError(f"{path}:{number}: has no path")
            yield row
        return
    for number, columns in enumerate(csv.reader(lines), 1):
        if len(columns) == 1:
            yield from _plain_rows(path, columns[0])
        elif len(columns) == 2:
            yield {"path": columns[0].strip(), "label": columns[1].strip()}
        elif columns:
            raise ConfigError(
                f"{path}:{number}: a list has the columns path and label, or a header that names "
                f"path, or {KINETICS}; this line has {len(columns)}"
            )


def _json_rows(path: Path, text: str) -> Iterator[Row]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        row = parse_json(line, f"{path}:{number}")
        if not isinstance(row, dict) or not isinstance(row.get("path"), str):
            raise ConfigError(f"{path}:{number}: must be an object with a path")
        label = row.get("label")
        yield {"path": row["path"], "label": None if label is None else str(label)}


def _plain_rows(path: Path, text: str) -> Iterator[Row]:
    """``path`` or ``path number``; a path may have blanks."""
    for line in text.splitlines():
        if line.strip():
            found = re.fullmatch(r"(.*\S)\s+(\d+)", line.strip())
            yield ({"path": found[1], "label": found[2]} if found else {"path": line.strip()})
