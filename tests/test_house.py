"""No source file is long, no class name has two meanings, and nothing is there for tests alone."""

import ast
import re
from collections import Counter, defaultdict
from pathlib import Path

from tests.processes import ROOT

LONGEST = 300
"""Lines of a source file. Ours: what can be read in one sitting."""
SHARED = {
    "Config": "one for each stage",
    "Decoder": "one for each backbone",
    "Encoder": "one for each backbone",
}
"""Class names that occur in several files, and what they mean in all of them."""
FOR_USERS = {
    "decode_packed": "the way back from `ViT.encode_packed`",
    "do_GET": "http.server calls it",
    "do_HEAD": "http.server calls it",
    "encode_packed": "README: clips of several sizes in one pass",
    "endpoint_errors": "docs/analysis.md: probes of one's own",
    "find_class": "pickle calls it",
    "first_queries": "docs/analysis.md: probes of one's own",
    "handle_error": "socketserver calls it",
    "log_message": "http.server calls it",
    "strided_queries": "docs/analysis.md: probes of one's own",
    "tracking_means": "docs/analysis.md: probes of one's own",
}
"""Names that no source of ours mentions again, and who uses them."""
OFFERED = ("pvvae/autoencoder", "pvvae/diffusers")
"""Where everything is for those who use the project: methods of autoencoders of diffusers."""


def sources() -> dict[Path, ast.Module]:
    """Every source file but the tests, parsed, by its path in the repository."""
    folders = ("arch", "launchers", "pvvae", "stages", "tools")
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return {path.relative_to(ROOT): ast.parse(path.read_text()) for path in paths}


def test_no_source_file_is_long() -> None:
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path in sources()}
    assert {path: n for path, n in lengths.items() if n > LONGEST} == {}


def test_no_class_name_has_two_meanings() -> None:
    places = defaultdict(list)
    for path, tree in sources().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(path)
    assert {name for name, paths in places.items() if len(paths) > 1} == set(SHARED)


def test_nothing_is_there_for_tests_alone() -> None:
    """A name that is defined and never mentioned again, but for classes that a registry holds."""
    mentioned: Counter[str] = Counter()
    defined = set()
    for path, tree in sources().items():
        for node in ast.walk(tree):
            match node:
                case ast.Expr(value=ast.Constant(value=str() as text)) if text:
                    node.value.value = ""  # a docstring mentions, and does not use
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    registered = any("register" in ast.unparse(d) for d in node.decorator_list)
                    offered = str(path).startswith(OFFERED)
                    if not (registered or offered or name.startswith("__")):
                        defined.add(name)
        mentioned.update(re.findall(r"\w+", ast.unparse(tree)))
    assert {name for name in defined if mentioned[name] == 1} == set(FOR_USERS)
