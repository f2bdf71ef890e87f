"""Arrays come out of a pickle, and nothing else does."""

import codecs
import io
import os
import pickle

import numpy as np
import pytest

from pvvae.errors import ConfigError
from pvvae.metrics.array_pickle import ArrayUnpickler


def _read(content: bytes) -> dict:
    return ArrayUnpickler(io.BytesIO(content), what="clips").load()


class Calling:
    """Asks a pickle to call something."""

    def __init__(self, *call: object) -> None:
        self._call = call

    def __reduce__(self) -> tuple:
        return self._call[0], self._call[1:]


@pytest.mark.parametrize("protocol", range(2, 6))
def test_arrays_of_every_protocol_are_read(protocol: int) -> None:
    tree = {"a": {"points": np.arange(6.0).reshape(2, 3), "seen": np.array([True, False])}}
    found = _read(pickle.dumps(tree, protocol=protocol))
    np.testing.assert_array_equal(found["a"]["points"], tree["a"]["points"])
    np.testing.assert_array_equal(found["a"]["seen"], tree["a"]["seen"])


def test_a_pickle_that_would_run_code_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"clips may hold numpy arrays only, .*getcwd"):
        _read(pickle.dumps(Calling(os.getcwd)))


def test_a_pickle_that_would_unpack_by_a_codec_is_refused() -> None:
    with pytest.raises(ConfigError, match="bytes in zlib are not read"):
        _read(pickle.dumps(Calling(codecs.encode, "x", "zlib"), protocol=2))
