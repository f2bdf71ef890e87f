"""``pvvae weights``: files that measuring and training need, and what fetches those that lack."""

import argparse
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from launchers.arguments import add_command

if TYPE_CHECKING:
    from launchers.arguments import Commands
    from pvvae.metrics.weight_catalog import Download, WeightFile

EXAMPLE = """\
examples:
  pvvae weights           what there is, from where, under which licence, and what is here
  pvvae weights --json    the same as JSON

Nothing is fetched. A file that is missing where it is needed ends a command in one line with what
fetches it; nothing else is measured with instead. Weights of peers are named in their configs.
"""


def add(commands: "Commands") -> None:
    """Declare the command."""
    weights = add_command(
        commands, "weights", help="list the weights that metrics need", more=EXAMPLE, run=_weights
    )
    weights.add_argument("--json", action="store_true", help="print JSON")


def _weights(arguments: argparse.Namespace) -> int:
    from pvvae.metrics.weight_catalog import ALL

    found = [_facts(source) for source in ALL]
    print(json.dumps(found, indent=2) if arguments.json else "\n\n".join(map(_shown, found)))
    return 0


def _facts(source: "WeightFile | Download") -> dict[str, Any]:
    """Everything there is to say of one file; ``present`` only if it is the right one."""
    from pvvae.config.reading import file_digest
    from pvvae.metrics.weight_catalog import WeightFile

    path = source.find()
    digest = None if path is None else file_digest(path)
    copy = source.copy if isinstance(source, WeightFile) and source.copy.is_file() else None
    if path is None:
        state = "missing" if copy is None else "present"
    else:
        state = "wrong checksum" if source.sha256 not in (None, digest) else "present"
    return {
        "name": source.name,
        "state": state,
        "path": None if path is None and copy is None else str(path or copy),
        "purpose": source.purpose,
        "origin": source.origin,
        "licence": source.licence,
        "sha256": source.sha256,
        "sha256_here": digest,
        "command": source.command,
    }


def _shown(facts: Mapping[str, Any]) -> str:
    """For people."""
    here = facts["sha256_here"]
    known = facts["sha256"] or ("not known" if here is None else f"not known; here {here}")
    rows = {
        "for": facts["purpose"],
        "from": facts["origin"],
        "licence": facts["licence"],
        "sha256": known,
        "here": facts["path"] or "-",
        "fetch": facts["command"],
    }
    head = f"{facts['name']}: {facts['state']}"
    return "\n".join([head, *(f"  {key:<8} {value}" for key, value in rows.items())])
