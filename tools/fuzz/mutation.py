"""Ways in which plain data, text and bytes go wrong."""

import json
import random
from typing import Any

VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**31, 2**63, -(2**63), 10**30, 0.5, -0.0, 1e308, float("nan"),
    float("inf"), -float("inf"), "", "x", "0", "nan", "null", "../../x", "/", "a" * 5000, "\0",
    "new\nline", "é\u202e", [], [None], [[]], [1, 2, 3], {}, {"name": "x"}, {"": None}, [{}] * 3,
)  # fmt: skip
"""What stands where something else should."""
SPLICES = (
    b"\xff\xfe", b"\0", b"\x80", b"\n", b"\r", b"{", b"}", b"[", b"]", b":", b": ", b"- ", b"&a ",
    b"*a", b"!!python/object:os.system ", b"!!binary ", b"!x ", b"? ", b"|", b">", b"'", b'"',
    b"2026-13-45", b"2026-01-02", b"1:2:3", b"0x", b"0b", b"1e999", b"9" * 400, b"[" * 200, b"\t",
    b"%", b"@", b"`", b"<<: ", b"---\n", b"...\n", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b".nan",
)  # fmt: skip
"""Bytes that mean something to a parser, or to none."""


def wrong_value(draw: random.Random, data: Any) -> Any:
    """``data`` with one of its values replaced, removed, doubled or renamed, at any depth."""
    copy = json.loads(json.dumps(data, default=str))
    places: list[tuple[Any, Any]] = []
    _collect(copy, places)
    if not places:
        return draw.choice(VALUES)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        holder, key = draw.choice(places)
        _spoil(draw, holder, key)
    return copy


def _collect(value: Any, places: list[tuple[Any, Any]]) -> None:
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in list(keys)[:200]:
        places.append((value, key))
        _collect(value[key], places)


def _spoil(draw: random.Random, holder: Any, key: Any) -> None:
    try:
        value = holder[key]
    except (KeyError, IndexError):
        return  # spoilt before
    way = draw.randrange(6)
    if way == 0:
        del holder[key]
    elif way == 1 and isinstance(holder, dict):
        holder[f"{key}x"] = holder.pop(key)
    elif way == 2 and isinstance(value, int | float):
        holder[key] = draw.choice((-value, value * 1000, value + 0.5, str(value), [value]))
    elif way == 3 and isinstance(value, list):
        holder[key] = value * 2 if draw.random() < 0.5 else value[:-1]
    else:
        holder[key] = draw.choice(VALUES)


def wrong_bytes(draw: random.Random, data: bytes) -> bytes:
    """``data`` cut, flipped, spliced, doubled or emptied."""
    for _ in range(draw.choice((1, 1, 2, 5))):
        at = draw.randrange(len(data) + 1)
        way = draw.randrange(7)
        if way == 0:
            data = data[:at]
        elif way == 1 and data:
            at = min(at, len(data) - 1)
            data = data[:at] + bytes([data[at] ^ (1 << draw.randrange(8))]) + data[at + 1 :]
        elif way == 2:
            data = data[:at] + draw.choice(SPLICES) + data[at:]
        elif way == 3:
            data = data[:at] + data[at + draw.randrange(1, 64) :]
        elif way == 4:
            data = data[:at] + draw.randbytes(draw.randrange(1, 32)) + data[at:]
        elif way == 5:
            other = draw.randrange(len(data) + 1)
            data = data[:at] + data[other : other + 200] + data[at:]
        elif draw.random() < 0.1:
            data = b""
    return data
