"""What is looked at while a VAE trains is measured as evaluations measure it."""

import pytest
import torch

from pvvae.data.clips import to_pixels, to_uint8
from pvvae.metrics.per_frame import to_unit
from pvvae.metrics.prediction_error import prediction_error
from pvvae.metrics.psnr import frame_psnr
from pvvae.model import PredictiveVAE
from pvvae.vae.objective import Objective, ObjectiveConfig
from pvvae.vae.validation import HeldOut, HeldOutConfig
from tests.tiny import backbone_configs, tiny_vae


def looked_at(vae: PredictiveVAE, x: torch.Tensor, *, seed: int) -> dict[str, float]:
    objective = Objective(
        ObjectiveConfig(weight_lpips=0.0), head=vae.backbone.head, device=torch.device("cpu")
    )
    held_out = HeldOut(HeldOutConfig(), None, objective=objective, team=1, seed=seed)
    with torch.no_grad():
        return held_out._clip(vae, x, 7)[0]


def test_held_out_values_are_of_frames_of_8_bits_and_of_the_pad_that_was_trained_with():
    tiny = tiny_vae(backbone_configs()[0]).eval()
    vae = PredictiveVAE(tiny.backbone, pad="gaussian").eval()
    levels = torch.Generator().manual_seed(1)
    x = to_pixels(torch.randint(256, (1, 17, 32, 32, 3), generator=levels))
    found = looked_at(vae, x, seed=3)
    dropped, seen = vae.latter_half(17)
    noise = vae.draw_pad(x, seed=3, clips=[7])
    with torch.no_grad():
        recon, predicted = vae(x)[0], vae(x, dropped, pad_noise=noise)[0]
    shown = [to_unit(to_pixels(to_uint8(made))) for made in (recon, predicted)]
    assert found["psnr"] == pytest.approx(float(frame_psnr(shown[0], to_unit(x)).mean()))
    error = prediction_error(shown[1], to_unit(x), seen)
    assert found["prediction_mse"] == pytest.approx(float(error))
    assert looked_at(vae, x, seed=4)["prediction_mse"] != found["prediction_mse"]
    still = torch.cat(
        [x[:, :, :seen], x[:, :, seen - 1 : seen].expand(-1, -1, 17 - seen, -1, -1)], 2
    )
    error = prediction_error(to_unit(still), to_unit(x), seen)
    assert found["repeated_mse"] == pytest.approx(float(error))


def test_a_clip_in_half_precision_is_the_same_target():
    levels = torch.Generator().manual_seed(2)
    x = to_pixels(torch.randint(256, (1, 5, 16, 16, 3), generator=levels))
    assert torch.equal(to_pixels(to_uint8(x.to(torch.bfloat16))), x)
