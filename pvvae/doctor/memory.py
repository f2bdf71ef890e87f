"""Memory: the machine's, what processes share, and the limits on files and maps."""

import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

from pvvae.doctor.bytes_in_words import in_bytes
from pvvae.doctor.devices import processes_here, workers_of
from pvvae.doctor.finding import Finding, register_check
from pvvae.doctor.wanted import Wanted

MIB = 2**20
LEAST_SHARED = 64 * MIB
"""What a container gets unless told otherwise (docker run --shm-size); NCCL alone takes some tens
of megabytes of it for each pair of GPUs."""
AHEAD = 2
"""Batches that torch's DataLoader has each worker read ahead (prefetch_factor)."""
LEAST_FILES = 4096
"""Open files. Ours: each batch in flight is a file, and so are sockets of all pairs of processes;
many systems begin with 1024."""
LEAST_MAPS = 65530
"""Linux's own vm.max_map_count; what is lower has been lowered."""
MAPS = Path("/proc/sys/vm/max_map_count")
MEMINFO = Path("/proc/meminfo")


@register_check("shared memory")
def shared_memory(wanted: Wanted) -> Iterator[Finding]:
    """The mount through which data workers hand over their batches."""
    folder, workers = wanted.shared_memory, workers_of(wanted)
    batches = processes_here(wanted) * workers * AHEAD * wanted.batch_bytes
    needed = max(LEAST_SHARED, batches) if workers else 0
    try:
        usage = shutil.disk_usage(folder)
    except OSError as error:
        yield Finding(
            name="shared memory",
            found=f"{folder}: {error.strerror}",
            right=False if needed else None,
            advice=f"mount a tmpfs on {folder}: data workers hand over their batches there",
        )
        return
    enough = usage.free >= needed
    yield Finding(
        name="shared memory",
        found=f"{folder}: {in_bytes(usage.free)} free of {in_bytes(usage.total)}, "
        f"wanted {in_bytes(needed)}",
        right=enough,
        advice=""
        if enough
        else f"make it larger (mount -o remount,size=8G {folder}; docker run --shm-size=8g), or "
        "set data.workers=0",
    )


@register_check("limits")
def limits(wanted: Wanted) -> Iterator[Finding]:
    """Open files and memory maps of a process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    endless = soft == resource.RLIM_INFINITY
    enough = endless or soft >= LEAST_FILES
    most = "unlimited" if hard == resource.RLIM_INFINITY else str(hard)
    yield Finding(
        name="open files",
        found="unlimited" if endless else f"{soft} for a process, at most {most}",
        right=enough,
        advice="" if enough else f"ulimit -n {LEAST_FILES} before the command, or in its job",
    )
    if MAPS.is_file():
        maps = int(MAPS.read_text())
        yield Finding(
            name="memory maps",
            found=f"{maps} for a process",
            right=maps >= LEAST_MAPS,
            advice="" if maps >= LEAST_MAPS else f"sysctl -w vm.max_map_count={LEAST_MAPS}",
        )


@register_check("memory")
def memory(wanted: Wanted) -> Iterator[Finding]:
    """Memory of the node that is free to take."""
    here = available()
    if here is None:
        return
    needed = wanted.host_bytes
    enough = None if needed is None else here >= needed
    wants = "" if needed is None else f", wanted {in_bytes(needed)}"
    yield Finding(
        name="memory",
        found=f"{in_bytes(here)} to be had{wants}",
        right=True if enough is None else enough,
        advice="" if enough is not False else "take a node with more, or sbatch --mem=0",
    )


def available() -> int | None:
    """Bytes that new processes can have: the system's, or less where a control group says so."""
    try:
        lines = dict(line.split(":", 1) for line in MEMINFO.read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None
