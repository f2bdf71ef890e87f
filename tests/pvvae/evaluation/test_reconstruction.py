"""What is measured of a reconstructed clip adds up to what results.json says."""

import pytest
import torch
from torch import Tensor, nn

from pvvae.data.video.pixels import in_8_bits, to_pixels, to_uint8
from pvvae.evaluation import reconstruction as reconstruction_module
from pvvae.evaluation.reconstruction import FRAMES, Examiner, summarise
from pvvae.metrics import fvd
from pvvae.metrics.frame_protocol import PREDICTION_PROTOCOL
from pvvae.metrics.latent_distance import latent_distance
from pvvae.metrics.per_frame import to_unit
from pvvae.metrics.psnr import frame_psnr
from pvvae.metrics.ssim import frame_ssim
from pvvae.model import PredictiveVAE
from tests.pvvae.metrics.small_i3d import Features
from tests.tiny import backbone_configs, tiny_vae

CPU = torch.device("cpu")


class Nothing(nn.Module):
    """In place of LPIPS, which is not what is looked at here."""

    def forward(self, recon: Tensor, x: Tensor) -> Tensor:
        """(B, T)."""
        return (recon - x).abs().mean(dim=(1, 3, 4)).double()


@pytest.fixture
def examiner(monkeypatch) -> Examiner:
    monkeypatch.setattr(fvd, "I3D", Features)
    monkeypatch.setattr(reconstruction_module, "LPIPS", lambda net: Nothing())
    vae = tiny_vae(backbone_configs()[0]).eval()
    return Examiner(vae, vae, device=CPU, fvd_frames="all")


def clips(num: int) -> Tensor:
    """(N, 3, 17, 32, 32) of 8 bits in [-1, 1]."""
    levels = torch.Generator().manual_seed(1)
    return to_pixels(torch.randint(256, (num, 17, 32, 32, 3), generator=levels))


def test_observed_and_predicted_frames_are_those_of_the_prediction(examiner):
    rows = [examiner.examine(x[None], number=i, latent=True)[0] for i, x in enumerate(clips(4))]
    found = summarise(rows, frames=17, group=4, fvd_frames="all", seed=0)
    seen = found.facts["prediction"]["observed"]
    assert seen == 9  # of five groups, three are shown (Figure 6)
    dropped, _ = examiner.vae.latter_half(17)
    with torch.inference_mode():
        made = torch.cat([examiner.vae(x[None], dropped)[0] for x in clips(4)])
    each = frame_psnr(to_unit(to_pixels(to_uint8(made))), to_unit(clips(4)))  # (N, T)
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
    assert found.protocol["latent_distance"]["clips"] == 4
    assert found.protocol["prediction"] == PREDICTION_PROTOCOL


def test_latents_are_normalised_over_all_clips(examiner):
    rows = [examiner.examine(x[None], number=i, latent=True)[0] for i, x in enumerate(clips(4))]
    found = summarise(rows, frames=17, group=4, fvd_frames="all", seed=0).facts["latent_distance"]
    z = torch.cat([row["latent"] for row in rows]).double()
    deviation, mean = torch.std_mean(z, dim=(0, 2, 3, 4), keepdim=True)
    expected = latent_distance((z - mean) / deviation)
    assert found["raw"] == pytest.approx(expected.mean(0).tolist(), rel=1e-12)
    assert found["adjacent"] == pytest.approx(expected[:, 0].tolist(), rel=1e-12)


def test_a_stage_measures_what_the_metrics_command_measures_of_its_clips_in_files(examiner):
    x = clips(1)
    row, pictures = examiner.examine(x, number=0, latent=False)
    made = to_pixels(to_uint8(pictures["reconstruction"]))
    assert torch.equal(made, pictures["reconstruction"])
    assert torch.equal(row["psnr"], frame_psnr(to_unit(made), to_unit(x)))
    assert torch.equal(row["ssim"], frame_ssim(to_unit(made), to_unit(x)))
    assert torch.equal(row["lpips"], Nothing()(made, x))
    with torch.inference_mode():
        floats = examiner.vae(x)[0]
    assert not torch.equal(row["psnr"], frame_psnr(to_unit(floats), to_unit(x)))


def test_a_gaussian_pad_is_evaluated_with_noise_of_seed_and_clip(examiner):
    x, gaussian = clips(1), PredictiveVAE(examiner.vae.backbone, pad="gaussian").eval()
    dropped, _ = gaussian.latter_half(17)

    def predicted(*, seed: int, number: int) -> Tensor:
        examiner.predictor, examiner._seed = gaussian, seed
        return examiner.examine(x, number=number, latent=False)[1]["prediction"]

    noise = gaussian.draw_pad(x, seed=3, clips=[7])
    with torch.inference_mode():
        expected = in_8_bits(gaussian(x, dropped, pad_noise=noise)[0])
        zeros = in_8_bits(gaussian(x, dropped, pad_noise=torch.zeros_like(noise))[0])
    assert torch.equal(predicted(seed=3, number=7), expected)
    assert not torch.equal(expected, zeros)
    assert not torch.equal(predicted(seed=3, number=8), expected)
    assert not torch.equal(predicted(seed=4, number=7), expected)


def test_the_order_of_clips_changes_no_value(examiner):
    rows = [examiner.examine(x[None], number=i, latent=False)[0] for i, x in enumerate(clips(4))]
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

    monkeypatch.setattr(fvd, "I3D", Counting)
    monkeypatch.setattr(reconstruction_module, "LPIPS", lambda net: Nothing())
    vae = tiny_vae(backbone_configs()[0]).eval()
    rows, looks = [], []
    for folder in (None, tmp_path, tmp_path):
        examiner = Examiner(vae, None, device=CPU, fvd_frames="all", real_features=folder)
        rows.append(examiner.examine(clips(1), number=0, latent=False)[0])
        looks.append(len(seen))
    assert looks == [2, 4, 5]
    for name, value in rows[0].items():
        assert all(torch.equal(row[name], value) for row in rows)


def test_without_a_predictor_nothing_is_predicted(examiner):
    examiner.predictor = None
    rows = [examiner.examine(x[None], number=i, latent=False)[0] for i, x in enumerate(clips(2))]
    found = summarise(rows, frames=17, group=4, fvd_frames="all", seed=0)
    assert sorted(found.metrics) == ["lpips", "psnr", "rfvd", "ssim"]
    assert "prediction" not in found.facts
