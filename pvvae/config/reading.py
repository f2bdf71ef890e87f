"""Where files become objects: text, YAML and JSON of any content, or one line about what is wrong.

YAML is read by a loader of its own, which makes nothing but what a config is made of. Sizes are
bounded before anything is built: a few hundred bytes of aliases can stand for more than a memory
holds, and a few thousand brackets for more calls than Python nests.
"""

import hashlib
import json
import math
import tokenize
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from pvvae.errors import ConfigError, quoted, shown

MOST_YAML = 2**18
"""Bytes of a YAML file. Ours: a hundred times the largest that is shipped, read in a second."""
MOST_NODES = 50_000
"""Values in a YAML file, each as often as aliases repeat it. Ours: likewise."""
DEEPEST = 40
"""Levels of nesting. Ours: six are used, and Python's limit on calls allows some hundred."""
WHOLE = 2**63
"""Whole numbers are smaller, as in every format that they go to from here."""
MISTAKES = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    SyntaxError,
    tokenize.TokenError,  # of a damaged header of NumPy's
    TypeError,
    ValueError,
)
"""What Python raises where plain data has another shape than who takes it apart expects."""


@contextmanager
def expected_form(path: Path | str, *others: type[Exception]) -> Iterator[None]:
    """Say of a file that it is damaged, where taking it apart fails in any way.

    Args:
        path: the file, or where else the data come from.
        others: what libraries raise that read such a file.

    Raises:
        ConfigError: for whatever a file of another form raises inside; those from inside pass.
    """
    try:
        yield
    except ConfigError:
        raise
    except MISTAKES + others as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error) or type(error).__name__
        raise ConfigError(
            f"{path}: damaged, or not of the form that this version writes ({shown(what, 200)})"
        ) from None


def read_text(path: Path) -> str:
    """A text file.

    Raises:
        ConfigError: if it cannot be opened, or is no UTF-8.
    """
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from None
    except (OSError, ValueError) as error:  # a name with a null byte is a ValueError
        why = getattr(error, "strerror", None) or error
        raise ConfigError(f"{shown(str(path), 200)}: cannot be read: {why}") from None


def read_json(path: Path) -> Any:
    """A JSON file; NaN and infinities are numbers, as Python writes them.

    Raises:
        ConfigError: if it cannot be opened, or is no JSON.
    """
    return parse_json(read_text(path), str(path))


def parse_json(text: str | bytes, where: str) -> Any:
    """A JSON text, from the file ``where``.

    Raises:
        ConfigError: if it is no JSON, nested too deeply, or has whole numbers beyond 64 bits.
    """
    try:
        return json.loads(text, parse_int=_whole)
    except RecursionError:
        raise ConfigError(f"{where}: nested too deeply") from None
    except ValueError as error:
        raise ConfigError(f"{where}: not JSON ({error}); it was cut or changed") from None


def read_object(path: Path) -> dict[str, Any]:
    """A JSON file that holds a mapping.

    Raises:
        ConfigError: as :func:`read_json`, and for any other value.
    """
    data = read_json(path)
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: must hold a mapping, got {shown(data)}")
    return data


def read_yaml_text(path: Path) -> Any:
    """A YAML file: mappings, lists, texts, numbers, true, false and null.

    Raises:
        ConfigError: as :func:`read_text` and :func:`parse_yaml`; the latter with the line.
    """
    return parse_yaml(read_text(path), str(path))


def read_config_file(path: Path) -> dict[str, Any]:
    """A YAML file that holds a mapping of words.

    Raises:
        ConfigError: if there is no such file, or as :func:`read_yaml_text`, or for anything else.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: no such config file; `pvvae configs` lists the shipped ones")
    data = read_yaml_text(path)
    data = {} if data is None else data
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: a config is a mapping of keys, got {type(data).__name__}")
    for key in data:
        if not isinstance(key, str):
            raise ConfigError(f"{path}: keys are words, got {shown(key)}")
    return data


def list_of_texts(value: Any, where: str) -> list[str]:
    """A list of file names, checked.

    Raises:
        ConfigError: if it is none.
    """
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigError(f"{where}: must be a list of files, got {quoted(value)}")
    if any("\0" in item for item in value):
        raise ConfigError(f"{where}: no file has a name with a null character")
    return value


def parse_yaml(text: str, where: str) -> Any:
    """A YAML text, from the file ``where``.

    Raises:
        ConfigError: if it is no YAML, too long, nested too deeply, repeats itself too often or
            without end, or has a tag or a number that no config has.
    """
    if len(text) > MOST_YAML:
        raise ConfigError(
            f"{where}: {len(text):,} characters of YAML; at most {MOST_YAML:,} are read"
        )
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f":{mark.line + 1}" if mark else ""
        raise ConfigError(
            f"{where}{line}: not valid YAML: {shown(error.problem or error.context or '', 200)}"
        ) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigError(f"{where}: not valid YAML: {shown(str(error), 200)}") from None


def _whole(text: str) -> int:
    number = float(text)
    if math.isinf(number) or abs(number) >= WHOLE:
        raise ValueError(f"the number {shown(text)} is beyond 64 bits")
    return int(text)


class _Loader(yaml.SafeLoader):
    """Composes nodes within bounds, and constructs core types alone.

    Dates stay the texts that they are: no key of a config is a date, and run names look like some.
    """

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0
        self._total = 0
        self._sizes: dict[int, int] = {}
        """Values below each node that is composed, aliases counted as what they stand for."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """One value, and what it stands for counted."""
        alias = self.check_event(yaml.AliasEvent)  # type: ignore[no-untyped-call]
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        self._depth += 1
        if self._depth > DEEPEST:
            raise _fault(f"nested more than {DEEPEST} levels deep", mark)
        before = self._total
        node: Any = super().compose_node(parent, index)  # type: ignore[no-untyped-call]
        self._depth -= 1
        if alias and id(node) not in self._sizes:
            raise _fault("an alias stands within what it names", mark)
        if isinstance(node, yaml.ScalarNode) and "\0" in node.value:
            raise _fault(f"{shown(node.value)} has a NUL, which no path or word may have", mark)
        self._total += self._sizes[id(node)] if alias else 1
        self._sizes.setdefault(id(node), self._total - before)
        if self._total > MOST_NODES:
            raise _fault(f"more than {MOST_NODES:,} values, repeated ones included", mark)
        return node


def _fault(problem: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


def _construct_whole(loader: _Loader, node: Any) -> int:
    try:
        number: int = loader.construct_yaml_int(node)  # type: ignore[no-untyped-call]
    except (ValueError, IndexError):
        raise _fault(f"{shown(node.value)} is no number", node.start_mark) from None
    if abs(number) >= WHOLE:
        raise _fault(f"{shown(node.value)} is beyond 64 bits", node.start_mark)
    return number


def _construct_number(loader: _Loader, node: Any) -> float:
    try:
        number: float = loader.construct_yaml_float(node)  # type: ignore[no-untyped-call]
    except (ValueError, IndexError, OverflowError):
        raise _fault(f"{shown(node.value)} is no number", node.start_mark) from None
    return number


def _construct_bool(loader: _Loader, node: Any) -> bool:
    if not isinstance(node.value, str) or node.value.lower() not in loader.bool_values:
        raise _fault(f"{shown(node.value)} is neither true nor false", node.start_mark)
    return loader.bool_values[node.value.lower()]


def _refuse(loader: _Loader, node: Any) -> None:
    raise _fault(f"the tag {shown(node.tag)} has no meaning here", node.start_mark)


CORE = ("null", "str", "seq", "map")
"""Types that PyYAML constructs; for numbers and truths it lets errors of Python through."""
CONSTRUCTORS: dict[Any, Any] = {
    f"tag:yaml.org,2002:{name}": yaml.SafeLoader.yaml_constructors[f"tag:yaml.org,2002:{name}"]
    for name in CORE
} | {
    "tag:yaml.org,2002:int": _construct_whole,
    "tag:yaml.org,2002:float": _construct_number,
    "tag:yaml.org,2002:bool": _construct_bool,
    None: _refuse,
}
"""By tag; None is PyYAML's word for any other."""
_Loader.yaml_constructors = CONSTRUCTORS
_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def file_digest(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
