"""Weights that metrics and losses need: here, and the right ones."""

from collections.abc import Iterator

from pvvae.config.reading import file_digest
from pvvae.doctor.finding import Finding, register_check
from pvvae.doctor.wanted import Wanted
from pvvae.metrics import weight_catalog
from pvvae.metrics.weight_catalog import WeightFile


@register_check("weights")
def weights(wanted: Wanted) -> Iterator[Finding]:
    """Each file of weights, by its digest."""
    for source in weight_catalog.ALL:
        if wanted.weights is not None and source.name not in wanted.weights:
            continue
        path = source.find()
        name = f"weights: {source.name}"
        copied = isinstance(source, WeightFile) and source.copy.is_file()
        if path is None:
            yield Finding(
                name=name,
                found="a converted copy" if copied else "missing",
                right=True if copied else (False if wanted.weights is not None else None),
                advice="" if copied else f"for {source.purpose}: {source.command}",
            )
            continue
        digest = file_digest(path)
        right = source.sha256 in (None, digest)
        yield Finding(
            name=name,
            found=f"{path}" if right else f"{path}: sha256 is {digest}, should be {source.sha256}",
            right=right,
            advice="" if right else f"install it anew: {source.command} --force-reinstall",
        )
