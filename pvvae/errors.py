"""Mistakes that are the user's: reported as one line, never as a traceback."""

import reprlib

LONGEST = 2000
"""Characters of a line about a mistake. Ours: the longest that names all keys has 900."""


class ConfigError(ValueError):
    """Something that cannot be used: the message says where, what, and what would be right."""


def shown(value: object, most: int = 80) -> str:
    """A value as a message has it: texts bare, anything else as Python writes it, ``most`` long.

    What stands for more than a memory holds is cut while it is written.
    """
    return one_line(value if isinstance(value, str) else _short().repr(value), most)


def quoted(value: object, most: int = 80) -> str:
    """A value as :func:`shown` gives it, with texts in quotes."""
    return repr(shown(value, most)) if isinstance(value, str) else shown(value, most)


def one_line(text: object, most: int = LONGEST) -> str:
    """A message without characters that move a terminal's cursor, cut in its middle to ``most``."""
    words = str(text)
    plain = "".join(c if c.isprintable() else _escaped(c) for c in words[: 2 * most])
    if len(words) <= most and len(plain) <= most:
        return plain
    end = "".join(c if c.isprintable() else _escaped(c) for c in words[-most:])
    return f"{plain[: most * 2 // 3]} ... {end[-(most // 3) :]}"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _short() -> reprlib.Repr:
    short = reprlib.Repr()
    short.maxlevel, short.maxdict, short.maxlist, short.maxtuple = 3, 6, 6, 6
    short.maxstring = short.maxother = short.maxlong = 60
    return short
