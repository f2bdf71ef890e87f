"""Pickles of numpy arrays, read so that no file can run code."""

import pickle
from typing import Any, BinaryIO

import numpy as np

from pvvae.errors import ConfigError

HOMES = ("numpy.core", "numpy._core")
"""Where numpy keeps what arrays are made with: before version 2, and since."""


class ArrayUnpickler(pickle.Unpickler):
    """Reads trees of numpy arrays; every other global is refused."""

    def __init__(self, stream: BinaryIO, *, what: str) -> None:
        """Say in errors that ``what`` was read."""
        super().__init__(stream)
        self._what = what
        array = np.empty(0)
        self._allowed: dict[tuple[str, str], Any] = {
            ("numpy", "dtype"): np.dtype,
            ("numpy", "ndarray"): np.ndarray,
            ("_codecs", "encode"): _in_latin1,
        }
        for home in HOMES:  # wherever this numpy keeps them itself
            self._allowed[f"{home}.multiarray", "_reconstruct"] = array.__reduce__()[0]
            self._allowed[f"{home}.numeric", "_frombuffer"] = array.__reduce_ex__(5)[0]

    def find_class(self, module: str, name: str, /) -> Any:
        """The allowed global of this name.

        Raises:
            ConfigError: for any other.
        """
        if (module, name) not in self._allowed:
            raise ConfigError(
                f"{self._what} may hold numpy arrays only, this file names {module}.{name}"
            )
        return self._allowed[module, name]


def _in_latin1(text: str, encoding: str) -> bytes:
    """Bytes as pickles before protocol 3 hold them; no codec that could unpack anything.

    Raises:
        ConfigError: for another encoding.
    """
    if encoding != "latin1":
        raise ConfigError(f"bytes in {encoding} are not read from a pickle")
    return text.encode("latin1")
