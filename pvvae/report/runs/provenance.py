"""How the results were made: state, commands, configuration and versions of every run."""

import shlex
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import yaml

from pvvae.errors import one_line
from pvvae.report.runs.run_records import RunGroup, RunRecord, stage_order
from pvvae.report.runs.summary import name


def states(groups: Sequence[RunGroup]) -> str:
    """A table of stages and groups: how far each run has come, and how fast it was."""
    stages = sorted({r.stage for g in groups for r in g.records}, key=stage_order)
    head = "".join(f"<th>{name(group)}</th>" for group in groups)
    rows = "".join(
        f"<tr><th><code>{escape(stage)}</code></th>"
        f"{''.join(_state(group.of(stage)) for group in groups)}</tr>"
        for stage in stages
    )
    return (
        f'<div class="wide"><table class="states"><thead><tr><th>stage</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _state(record: RunRecord | None) -> str:
    if record is None:
        return '<td><span class="missing">not started</span></td>'
    done = record.status == "finished"
    steps = record.config.get("steps")
    words = f"{steps:,} steps" if done and steps else record.status
    seconds = record.seconds
    time = f' <small class="time">{seconds / 60:.1f} min</small>' if seconds else ""
    return f'<td><span class="{"done" if done else "open"}">{escape(words)}</span>{time}</td>'


def incomplete(groups: Sequence[RunGroup]) -> str:
    """Notices where a run is missing or unfinished, or its results are not understood."""
    records = [record for group in groups for record in group.records]
    wrong = [record.damage or record.misunderstood for record in records]
    notices = [f'<p class="notice">{escape(one_line(line))}.</p>' for line in wrong if line]
    return _unfinished(groups) + "".join(notices)


def _expected(group: RunGroup, groups: Sequence[RunGroup]) -> set[str]:
    """Stages of all groups that have one in common with this one.

    Seeds of Latte beside the VAE that they share are not seeds of the VAE.
    """
    own = {record.stage for record in group.records}
    stages = [{record.stage for record in other.records} for other in groups]
    return {stage for found in stages if found & own for stage in found}


def _unfinished(groups: Sequence[RunGroup]) -> str:
    gaps = []
    for group in groups:
        for stage in sorted(_expected(group, groups), key=stage_order):
            record = group.of(stage)
            status = record.status if record else "not started"
            if status != "finished":
                gaps.append(f"{name(group)} <code>{escape(stage)}</code>: {status}")
    if not gaps:
        return ""
    return f'<p class="notice"><b>Not all runs are finished.</b> {"; ".join(gaps)}.</p>'


def configurations(groups: Sequence[RunGroup]) -> str:
    """One fold a run: its commands, and the resolved config that the run folder holds."""
    folds = []
    for group in groups:
        for record in group.records:
            commands = "\n".join(commands_of(record.provenance))
            text = yaml.safe_dump(record.config, sort_keys=False, allow_unicode=True)
            stage = "" if record.folder.name == record.stage else f"{record.stage}, "
            began = record.provenance.get("started", "")
            folds.append(
                f"<details><summary>{name(group)} <code>{escape(record.folder.name)}</code>"
                f"<small>{escape(stage)}{escape(record.status)}"
                f'<span class="time">, begun {escape(str(began))}</span></small></summary>'
                f"<pre>{escape(commands)}</pre><pre>{escape(text)}</pre></details>"
            )
    return "".join(folds)


def commands_of(provenance: dict[str, Any]) -> list[str]:
    """The commands that repeat a run, from the one that was recorded."""
    words = str(provenance.get("command", "")).split()
    configs = [word for word in words if word.endswith((".yaml", ".yml")) and "=" not in word]
    if not configs:
        return [" ".join([Path(words[0]).name, *words[1:]])] if words else []
    after = words[words.index(configs[0]) + 1 :]
    given = shlex.join([configs[0], *(w for w in after if "=" in w and not w.startswith("-"))])
    processes = provenance.get("processes") or 1
    several = f" --processes {processes}" if processes != 1 else ""
    return [
        f"pvvae train {given}{several}",
        f"deepspeed --num_accelerators {processes} --module stages {given}",
    ]


def versions(groups: Sequence[RunGroup]) -> str:
    """Code and packages, once where all runs agree."""
    found: dict[str, list[str]] = {}
    for group in groups:
        for record in group.records:
            facts = record.provenance
            packages = facts.get("packages") or {}
            shown = [f"Python {facts['python']}"] if facts.get("python") else []
            shown += [f"{package} {number}" for package, number in sorted(packages.items())]
            shown += [f"commit {facts['commit'][:12]}"] if facts.get("commit") else []
            if shown:
                found.setdefault(", ".join(shown), []).append(record.name)
    if len(found) == 1:
        return f'<p class="caption">{escape(next(iter(found)))}</p>'
    return "".join(
        f'<p class="caption">{escape(text)} ({escape(", ".join(runs))})</p>'
        for text, runs in found.items()
    )
