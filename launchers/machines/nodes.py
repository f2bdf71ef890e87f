"""The nodes of a Slurm job: whether each is right before the first step, and which to avoid."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from launchers.machines.queue import DESK, told
from pvvae.config.reading import read_json
from pvvae.denoiser.config import DenoiserTrainingConfig
from pvvae.distributed.slots import check_slots
from pvvae.errors import ConfigError, one_line
from pvvae.vae.config import VAETrainingConfig

SWITCH = "PVVAE_DOCTOR"
"""Set to 0, a job does not ask whether its nodes are right; ``slurm.doctor: false`` does."""
EXAMINE = '"$0" -m launchers doctor "$@" --json > "$PVVAE_FOUND/$SLURMD_NODENAME.json"; exit 0'
"""Run by bash on every node: the doctor, into a file of the node's own; one that finds something
must not end the others."""
LAUNCH = """\
"$0" --node_rank "$SLURM_NODEID" "$@"; status=$?
[ $status = 0 ] || echo "$SLURMD_NODENAME $status" >> "$PVVAE_FAILED"
exit $status
"""
"""Run by bash on every node: deepspeed's launcher, and a note if it fails there."""
PATIENCE = 180.0
"""Seconds that all nodes have to answer. Ours: the doctor's ten, and a cold start of torch from a
file system that all nodes read at once."""
REPEATED = 2
"""Times that a node is the first to fail, after which it is done without. Ours: once may be chance,
or a mistake that any node would have shown."""
OWN = ("driver", "doctor")
"""Lines that are about the node even where there is no other to compare with."""
COUNT = re.compile(r"(\d+)(?:-(\d+))?")
"""Numbers of nodes as sbatch takes them: 2, or 1-2."""


def node_environment(run: Path) -> dict[str, str]:
    """Where the scripts on nodes leave what they found."""
    desk = (run / DESK).resolve()
    return {"PVVAE_FOUND": str(desk / "found"), "PVVAE_FAILED": str(desk / "failed_now")}


def examine_nodes(
    nodes: Sequence[str], srun: Sequence[str], words: Sequence[str], run: Path
) -> dict[str, str]:
    """Ask every node of the job; which to do without, and why. The log has what is wrong anywhere.

    Args:
        nodes: of the job.
        srun: the words that begin one task on each node.
        words: after ``pvvae doctor``.
        run: the run folder.
    """
    if os.environ.get(SWITCH, "1") == "0":
        return {}
    environment = node_environment(run)
    folder = Path(environment["PVVAE_FOUND"])
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.json"):
        path.unlink()
    command = [*srun, "bash", "-c", EXAMINE, sys.executable, *words]
    try:
        subprocess.run(command, env=os.environ | environment, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"pvvae: doctor: {one_line(error)}; the job goes on", file=sys.stderr)
    found = {node: _read(folder / f"{node}.json") for node in nodes}
    for text in told_of(found):
        print(f"pvvae: {text}", file=sys.stderr, flush=True)
    return wrong_nodes(found)


def told_of(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """A line for each thing that is wrong, with the nodes where it is."""
    where: dict[tuple[str, str], list[str]] = {}
    for node, findings in found.items():
        for each in findings:
            if each["right"] is False:
                line = f"{each['name']}: {each['found']}; {each['advice']}"
                where.setdefault((each["name"], line), []).append(node)
    return [f"doctor: {', '.join(nodes)}: {line}" for (_, line), nodes in where.items()]


def wrong_nodes(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, str]:
    """Nodes that a job should do without, and why.

    What is wrong on all of several nodes is the request's or the cluster's: others would be no
    better.
    """
    wrong = {
        node: {each["name"]: each["found"] for each in findings if each["right"] is False}
        for node, findings in found.items()
    }
    times = Counter(name for names in wrong.values() for name in names)
    return {
        node: f"{name}: {why}"
        for node, names in wrong.items()
        for name, why in list(names.items())[::-1]
        if times[name] < len(found) or (len(found) == 1 and name in OWN)
    }


def failed_first(run: Path, *, but: Sequence[int]) -> str | None:
    """The node on which this try failed first, ``but`` for statuses that are no fault of a node."""
    path = Path(node_environment(run)["PVVAE_FAILED"])
    if not path.is_file():
        return None
    for line in path.read_text().splitlines():
        node, _, status = line.partition(" ")
        if status.isdecimal() and int(status) not in but:
            return node
    return None


def note_failed(run: Path, node: str) -> int:
    """Remember that a node has failed first; how often it has."""
    path = run / DESK / "failed"
    before = path.read_text().split() if path.is_file() else []
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{each}\n" for each in [*before, node]))
    return [*before, node].count(node)


def not_yet_avoided(run: Path, wrong: Mapping[str, str]) -> dict[str, str]:
    """Wrong nodes that no job of this run was told to avoid; Slurm gave the others again."""
    path = run / DESK / "avoided"
    before = path.read_text().split() if path.is_file() else []
    return {node: why for node, why in wrong.items() if node not in before}


def exclude(job: str, nodes: Sequence[str], run: Path) -> None:
    """Let a pending job begin on none of these nodes, nor on those it avoids already.

    Raises:
        ConfigError: if Slurm refuses.
    """
    with (run / DESK / "avoided").open("a") as file:  # first: what is refused is asked for once
        file.writelines(f"{node}\n" for node in nodes)
    known = told(["scontrol", "show", "job", job, "--oneliner"])
    before = next((w for w in known.split() if w.startswith("ExcNodeList=")), "").partition("=")[2]
    names = [*([] if before in ("", "(null)") else [before]), *nodes]
    told(["scontrol", "update", f"jobid={job}", f"ExcNodeList={','.join(names)}"])


def check_nodes(config: object, slurm: Mapping[str, Any], processes: int | None) -> None:
    """Refuse a number of nodes that could not share the slots of a step, whichever Slurm gives.

    Args:
        config: the stage's.
        slurm: options of sbatch; ``nodes`` may be a range.
        processes: on each node; None is one for each GPU that is asked for.

    Raises:
        ConfigError: naming ``slurm.nodes``.
    """
    asked = COUNT.fullmatch(str(slurm.get("nodes", 1)))
    if asked is None:
        return  # sbatch says what is wrong with it
    if isinstance(config, VAETrainingConfig):
        slots, key = config.data.slots, "data.slots"
    elif isinstance(config, DenoiserTrainingConfig):
        slots, key = config.slots, "slots"
    else:
        return
    each = processes or gpus_per_node(slurm)
    for nodes in range(int(asked[1]), int(asked[2] or asked[1]) + 1):
        try:
            check_slots(slots, nodes * each, key=key, team=config.sequence_parallel)
        except ConfigError as error:
            raise ConfigError(
                f"slurm.nodes: {nodes} x {each} processes cannot run {config.run}: {error}"
            ) from None


def gpus_per_node(slurm: Mapping[str, Any]) -> int:
    """GPUs of a node that options of sbatch ask for, 1 where they ask for none."""
    for key in ("gpus-per-node", "gres"):
        found = re.search(r"(?:^|gpu(?::[\w.-]+)?:|:)(\d+)$", str(slurm.get(key, "")))
        if found:
            return int(found[1])
    return 1


def _read(path: Path) -> list[dict[str, Any]]:
    """A node's findings; one that says so, where it did not answer in full."""
    try:
        found = read_json(path)
    except (ConfigError, json.JSONDecodeError):
        found = None
    if isinstance(found, list):
        return found
    why = "the doctor did not come to its end there; see the log"
    return [{"name": "doctor", "found": why, "right": False, "advice": "look at the node"}]
