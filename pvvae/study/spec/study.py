"""A study's file: stages as one would run them, factors that change them, and what is asked.

    stages:
      images: {config: configs/cnn/image_pretrain.yaml}
      vae: {config: configs/cnn/predictive.yaml, set: {init: $images}}
      ...
    factors:
      dropping:
        none: {vae: {objective.max_drop_ratio: 0.0}}
        all: {}
    measures:
      psnr: {stage: rebuilt, value: psnr}
      gfvd: {stage: generated, value: fvd, label: gFVD}

``$images`` is the run folder of stage ``images``, and makes ``vae`` wait for it. A stage may be
a ``command`` of pvvae, in which ``{run}`` is its folder and any key of its ``set`` may stand. A
study that ``extends`` another gives up a key of it by null: ``costs: null``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pvvae import config as codec
from pvvae.errors import ConfigError
from pvvae.study.spec.checks import check_study
from pvvae.study.spec.declared import DeclaredStudy


@dataclass(frozen=True, kw_only=True)
class Study(DeclaredStudy):
    """A study whose file holds together."""

    def __post_init__(self) -> None:
        check_study(self)


def read_study(path: Path, overrides: Sequence[str] = ()) -> Study:
    """A study's file; nothing of what it names is opened.

    Raises:
        ConfigError: for anything wrong with it.
    """
    data = codec.apply_overrides(codec.read_yaml(path), overrides)
    if "factors" not in data:
        raise ConfigError(f"{path}: not a study: it has no factors; see configs/studies")
    try:
        # null is absent: a study can give up what the one that it extends has.
        return codec.decode(Study, {key: v for key, v in data.items() if v is not None})
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
