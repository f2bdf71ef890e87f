"""Whether results may stand in one table, and what differs if not."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pvvae.metrics.results import protocol_differences
from pvvae.report.tables.scores import Found, Score, counts_of

Named = tuple[str, Found]
"""A subject's name and what was found of it."""
SHARED = ("clips", "sampling")
"""Mappings that are no single metric's: which clips, how they were read, how samples were made."""
SPEEDS = ("ispeed", "tspeed")
"""Parts that say how speed was measured: of a VAE, and of Latte's training step."""
Sides = list[tuple[list[str], dict[str, Any]]]
"""Subjects that agree about a part of their protocols, and what they say of it."""


def differences(subjects: Sequence[Named], source: str) -> dict[str, list[str]]:
    """How the protocols of one source differ between subjects, in lines by part of the protocol.

    A line is ``key: a against b (names against names)``. What a subject did not measure is no
    difference.
    """
    protocols = {
        name: protocol
        for name, found in subjects
        if isinstance(protocol := found.get(source, {}).get("protocol"), Mapping)
    }
    parts = sorted({part for protocol in protocols.values() for part in protocol})
    found = {part: _lines(_sides(protocols, part)) for part in parts}
    return {part: lines for part, lines in found.items() if lines}


def _sides(protocols: Mapping[str, Mapping[str, Any]], part: str) -> Sides:
    """Group subjects by their protocol of a metric; one that did not measure it is in no group."""
    measured = any(isinstance(protocol.get(part), Mapping) for protocol in protocols.values())
    sides: Sides = []
    for name, protocol in protocols.items():
        if measured and part not in protocol:
            continue
        own = {part: protocol[part]} if part in protocol else {}
        for names, other in sides:
            if not protocol_differences(other, own):
                names.append(name)
                break
        else:
            sides.append(([name], own))
    return sides


def _lines(sides: Sides) -> list[str]:
    (names, first), *others = sides
    return [
        f"{line} ({', '.join(names)} against {', '.join(other_names)})"
        for other_names, other in others
        for line in protocol_differences(first, other)
    ]


def by_score(scores: Iterable[Score], subjects: Sequence[Named]) -> dict[str, list[str]]:
    """Differences that each score depends on, by its key; only of subjects that have a value.

    A metric's part of a protocol, a mapping, matters to the scores that name it; ``SHARED`` and
    plain parts, such as the size of clips, to all scores of their source.
    """
    found: dict[str, list[str]] = {}
    for score in scores:
        having = [(name, results) for name, results in subjects if score.text(results)]
        parts = differences(having, score.source)
        lines = [
            line
            for part, part_lines in parts.items()
            if part in score.parts or not _is_metrics(part, having, score.source)
            for line in part_lines
        ]
        if lines:
            found[score.key] = lines
    return found


def _is_metrics(part: str, subjects: Sequence[Named], source: str) -> bool:
    values = (found.get(source, {}).get("protocol", {}).get(part) for _, found in subjects)
    return part not in SHARED and any(isinstance(value, Mapping) for value in values)


def all_differences(subjects: Sequence[Named]) -> list[str]:
    """Every difference between the protocols of any source, once each."""
    sources = dict.fromkeys(source for _, found in subjects for source in found)
    lines = [line for s in sources for part in differences(subjects, s).values() for line in part]
    return list(dict.fromkeys(lines))


def described(subjects: Sequence[Named]) -> list[str]:
    """Lines of sizes, clips and protocol hashes: equal hashes, equal protocols."""
    who: dict[str, list[str]] = {}
    for source in dict.fromkeys(source for _, found in subjects for source in found):
        for name, found in subjects:
            results = found.get(source, {})
            if "protocol_hash" in results:
                size = str(results.get("protocol", {}).get("size", ""))
                speed = in_words(way_of_speed(found, source))
                facts = [speed] if speed else [size, counts_of(source)(found)]
                words = [*filter(None, facts), f"protocol {results['protocol_hash']}"]
                who.setdefault(", ".join(words), []).append(name)
    return [f"{', '.join(dict.fromkeys(names))}: {words}" for words, names in who.items()]


def way_of_speed(found: Found, source: str) -> Mapping[str, Any]:
    """The protocol of what a source timed; empty where it timed nothing."""
    protocol = found.get(source, {}).get("protocol", {})
    ways = [way for name in SPEEDS if isinstance(way := protocol.get(name), Mapping)]
    return {"size": protocol.get("size", ""), **ways[0]} if ways else {}


def in_words(way: Mapping[str, Any]) -> str:
    """Device, batch and size of clips, as far as they are known."""
    batch = f"batch {way['batch']}" if "batch" in way else ""
    known = (str(way.get("device", "")), batch, str(way.get("size", "")))
    return ", ".join(filter(None, known))
