"""Names of files that are not the user's data, and names that cannot be printed."""

MAC_FOLDER = "__MACOSX"
"""Where archives made on a Mac keep what belongs to other files' names."""


def is_hidden(name: str) -> bool:
    """Whether a path, relative to the folder or archive in question, is none of its data.

    Hidden are names with a leading dot, in any of its parts: macOS leaves ``._x.mp4``, of a few
    bytes, beside ``x.mp4`` on foreign disks and in archives, and ``.DS_Store`` in folders.
    """
    parts = (part for part in name.split("/") if part not in (".", ".."))
    return any(part.startswith(".") or part == MAC_FOLDER for part in parts)


def printable(name: str) -> str:
    r"""A name as text that every file and terminal takes: bytes that are no UTF-8 as ``\xe9``.

    Python keeps such bytes as lone surrogates, which cannot be encoded again.
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
