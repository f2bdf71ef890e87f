"""Features that lie in a folder are those that would be measured, and are measured once."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from pvvae.metrics.cached_features import KnownFeatures
from pvvae.metrics.fvd import FVD
from pvvae.metrics.intervals import order_of


def test_rows_are_sorted_by_their_first_difference():
    rows = torch.tensor([[1.0, 2.0], [0.0, 9.0], [1.0, -3.0]])
    assert rows[order_of(rows)].tolist() == [[0.0, 9.0], [1.0, -3.0], [1.0, 2.0]]


def test_the_order_of_coming_leaves_no_trace():
    rows = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    mixed = rows[torch.randperm(50, generator=torch.Generator().manual_seed(1))]
    assert torch.equal(rows[order_of(rows)], mixed[order_of(mixed)])


CPU = torch.device("cpu")


class Counted(FVD):
    """Counts clips instead of looking at them: features are the count, then the mean."""

    def __init__(self, frames: str = "all") -> None:
        super().__init__(frames=frames)
        self.seen = 0

    def features_of(self, clips: Tensor) -> Tensor:
        self.seen += len(clips)
        return clips.float().mean() * torch.ones(1, 400)


def clip(seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (1, 9, 4, 4, 3), dtype=torch.uint8, generator=generator)


def known(videos: FVD, folder: Path | None) -> KnownFeatures:
    return KnownFeatures(videos, folder=folder, device=CPU)


def test_a_clip_is_measured_once_for_all_who_name_the_folder(tmp_path: Path) -> None:
    one, two = Counted(), Counted()
    first = known(one, tmp_path).of(clip(0))
    assert torch.equal(known(two, tmp_path).of(clip(0)), first)
    assert (one.seen, two.seen) == (1, 0)


@pytest.mark.parametrize("rule", ["all", "first16"])
def test_another_clip_and_another_rule_are_measured(tmp_path: Path, rule: str) -> None:
    known(Counted(), tmp_path).of(clip(0))
    videos = Counted(frames=rule)
    known(videos, tmp_path).of(clip(0 if rule == "first16" else 1))
    assert videos.seen == 1


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    first = known(Counted(), tmp_path).of(clip(0))
    (path,) = tmp_path.iterdir()
    path.write_bytes(b"cut")
    videos = Counted()
    assert torch.equal(known(videos, tmp_path).of(clip(0)), first) and videos.seen == 1
    again = Counted()
    known(again, tmp_path).of(clip(0))
    assert again.seen == 0


def test_without_a_folder_nothing_is_kept(tmp_path: Path) -> None:
    videos = Counted()
    features = known(videos, None)
    features.of(clip(0))
    features.of(clip(0))
    assert videos.seen == 2 and not list(tmp_path.iterdir())


def test_features_of_other_kernels_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(Counted(), tmp_path).of(clip(0))
    for name, value in (("get_num_threads", 97), ("__version__", "0.0")):
        with monkeypatch.context() as other:
            other.setattr(
                torch, name, (lambda v=value: v) if callable(getattr(torch, name)) else value
            )
            videos = Counted()
            known(videos, tmp_path).of(clip(0))
            assert videos.seen == 1
