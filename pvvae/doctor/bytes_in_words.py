"""Bytes as people read them."""

UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def in_bytes(number: float) -> str:
    """``3.0 MiB`` for 3145728."""
    for unit in UNITS[:-1]:
        if abs(number) < 1024:
            return f"{number:.0f} B" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} {UNITS[-1]}"
