"""What is measured of a reconstructed clip adds up to what results.json says."""

import pytest
import torch
from torch import Tensor, nn

from pvvae.evaluation.reconstruction import FRAMES, Examiner, summarise
from pvvae.metrics.psnr import frame_psnr
from tests.stages.test_peers import Features
from tests.tiny import backbone_configs, tiny_vae

CPU = torch.device("cpu")


class Nothing(nn.Module):
    """In place of LPIPS, which is not what is looked at here."""

    def forward(self, recon: Tensor, x: Tensor) -> Tensor:
        """(B, T)."""
        return (recon - x).abs().mean(dim=(1, 3, 4)).double()


@pytest.fixture
def examiner(monkeypatch) -> Examiner:
    monkeypatch.setattr("pvvae.metrics.fvd.I3D", Features)
    monkeypatch.setattr("pvvae.evaluation.reconstruction.LPIPS", lambda net: Nothing())
    vae = tiny_vae(backbone_configs()[0]).eval()
    return Examiner(vae, vae, device=CPU, fvd_frames="all")


def clips(num: int) -> Tensor:
    """(N, 3, 17, 32, 32) in [-1, 1]."""
    return torch.rand(num, 3, 17, 32, 32, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_observed_and_predicted_frames_are_those_of_the_prediction(examiner):
    rows = [examiner.examine(x[None], latent=True)[0] for x in clips(4)]
    found = summarise(rows, frames=17, group=4, fvd_frames="all", seed=0)
    seen = found.facts["prediction"]["observed"]
    assert seen == 9  # of five groups, three are shown (Figure 6)
    dropped, _ = examiner.vae.latter_half(17)
    with torch.inference_mode():
        made = examiner.vae(clips(4), dropped)[0]
    each = frame_psnr((made / 2 + 0.5).clamp(0, 1), clips(4) / 2 + 0.5)  # (N, T)
    assert found.metrics["psnr_observed"].value == pytest.approx(float(each[:, :9].mean()))
    assert found.metrics["psnr_predicted"].value == pytest.approx(float(each[:, 9:].mean()))
    curve = found.facts["prediction"]["curves"]["psnr"]
    assert curve == pytest.approx(each.mean(0).tolist())
    for name in FRAMES:
        low, high = found.metrics[name].interval
        assert low <= found.metrics[name].value <= high
        assert len(found.facts["curves"][name]) == 17
        assert found.facts["flicker"][name].keys() >= {"first_frame", "first_of_groups"}
    assert "fewer than I3D's 400 features" in found.metrics["rfvd"].note
    assert found.facts["latent_distance"]["clips"] == 4


def test_the_order_of_clips_changes_no_value(examiner):
    rows = [examiner.examine(x[None], latent=False)[0] for x in clips(4)]
    one = summarise(rows, frames=17, group=4, fvd_frames="all", seed=0)
    other = summarise(rows[::-1], frames=17, group=4, fvd_frames="all", seed=0)
    assert one.metrics == other.metrics
    assert one.protocol == other.protocol
    assert "latent_distance" not in one.facts


def test_originals_are_looked_at_once_where_a_folder_keeps_what_i3d_says(monkeypatch, tmp_path):
    seen: list[Tensor] = []

    class Counting(Features):
        def forward(self, x: Tensor) -> Tensor:
            seen.append(x)
            return super().forward(x)

    monkeypatch.setattr("pvvae.metrics.fvd.I3D", Counting)
    monkeypatch.setattr("pvvae.evaluation.reconstruction.LPIPS", lambda net: Nothing())
    vae = tiny_vae(backbone_configs()[0]).eval()
    rows, looks = [], []
    for folder in (None, tmp_path, tmp_path):
        examiner = Examiner(vae, None, device=CPU, fvd_frames="all", real_features=folder)
        rows.append(examiner.examine(clips(1), latent=False)[0])
        looks.append(len(seen))
    assert looks == [2, 4, 5]
    for name, value in rows[0].items():
        assert all(torch.equal(row[name], value) for row in rows)


def test_without_a_predictor_nothing_is_predicted(examiner):
    examiner.predictor = None
    rows = [examiner.examine(x[None], latent=False)[0] for x in clips(2)]
    found = summarise(rows, frames=17, group=4, fvd_frames="all", seed=0)
    assert sorted(found.metrics) == ["lpips", "psnr", "rfvd", "ssim"]
    assert "prediction" not in found.facts
