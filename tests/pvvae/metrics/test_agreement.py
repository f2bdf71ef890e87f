"""Every metric and an implementation of others', or a plain one of ours, on distorted real video.

1e-4 relative; FVD and KVD 1e-3. I3D takes its time: in ``matrix`` all clips go through it under all
distortions, otherwise three under one.
"""

from functools import cache

import numpy as np
import pytest
import scipy.linalg
import torch
from numpy.typing import NDArray
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torchmetrics.functional.image import peak_signal_noise_ratio as torchmetrics_psnr
from torchmetrics.functional.image import structural_similarity_index_measure

from pvvae.metrics.frechet import frechet_distance
from pvvae.metrics.fvd import kernel_distance
from pvvae.metrics.i3d import I3D
from pvvae.metrics.lpips import LPIPS
from pvvae.metrics.psnr import frame_psnr
from pvvae.metrics.ssim import frame_ssim
from tests.pvvae.metrics import independent
from tests.pvvae.metrics.distortions import DISTORTIONS, Clip, real_clips

SHOWN = [8]
"""Frames of a clip that are compared one by one: the last, where re-encoding has its drift."""


@cache
def _clips(name: str) -> list[Clip]:
    return [DISTORTIONS[name](clip) for clip in _clips("real")] if name != "real" else real_clips()


def _unit(name: str) -> torch.Tensor:
    """All shown frames as clips (4, 3, 1, H, W) in [0, 1], float64."""
    clips = np.stack([clip[SHOWN] for clip in _clips(name)])
    return torch.from_numpy(clips).permute(0, 4, 1, 2, 3).double() / 255


def _frames(x: torch.Tensor) -> torch.Tensor:
    return x.transpose(1, 2).flatten(0, 1)


@pytest.mark.parametrize("name", DISTORTIONS)
def test_psnr_and_ssim_agree_with_scikit_image_and_torchmetrics(name):
    recon, x = _unit(name), _unit("real")
    psnr, ssim = frame_psnr(recon, x).flatten(), frame_ssim(recon, x).flatten()
    for i, (one, other) in enumerate(zip(_frames(recon), _frames(x), strict=True)):
        skimage = peak_signal_noise_ratio(other.numpy(), one.numpy(), data_range=1.0)
        theirs = torchmetrics_psnr(one, other, data_range=1.0).item()
        assert psnr[i].item() == pytest.approx(skimage, rel=1e-4)
        assert psnr[i].item() == pytest.approx(theirs, rel=1e-4)
        skimage = structural_similarity(
            other.numpy(),
            one.numpy(),
            channel_axis=0,
            data_range=1.0,
            gaussian_weights=True,
            use_sample_covariance=False,
        )
        assert ssim[i].item() == pytest.approx(skimage, rel=1e-4)
    # torchmetrics' mean takes in windows that reach over the edge, mirrored: those are left out.
    _, windows = structural_similarity_index_measure(
        _frames(recon), _frames(x), data_range=1.0, return_full_image=True
    )
    theirs = windows[..., 5:-5, 5:-5].mean((1, 2, 3))
    torch.testing.assert_close(ssim, theirs, rtol=1e-4, atol=0)


@pytest.mark.parametrize("name", DISTORTIONS)
def test_lpips_agrees_with_alexnet_written_down_plainly(name, alex):
    recon, x = _unit(name) * 2 - 1, _unit("real") * 2 - 1
    plain = independent.lpips_alex(_frames(recon), _frames(x))
    torch.testing.assert_close(alex(recon, x).flatten(), plain, rtol=1e-4, atol=0)


@pytest.fixture(scope="module")
def alex():
    return LPIPS("alex")


def _features(i3d: I3D, clips: list[Clip]) -> torch.Tensor:
    """(N, 400)."""
    return torch.cat([i3d(torch.from_numpy(clip)[None]) for clip in clips])


def _kernels(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """As scikit-learn's ``polynomial_kernel``: degree 3, gamma 1 / features, coef0 1."""
    return (np.einsum("id,jd->ij", a, b) / a.shape[1] + 1) ** 3


def _check_distances(real: torch.Tensor, distorted: torch.Tensor) -> None:
    x, y = real.double().numpy(), distorted.double().numpy()
    root = scipy.linalg.sqrtm(np.cov(x.T) @ np.cov(y.T)).real
    fvd = np.square(x.mean(0) - y.mean(0)).sum()
    fvd += np.trace(np.cov(x.T) + np.cov(y.T) - 2 * root)
    assert frechet_distance(real, distorted) == pytest.approx(fvd, rel=1e-3)
    others = ~np.eye(len(x), dtype=bool)
    kvd = _kernels(x, x)[others].mean() + _kernels(y, y)[others].mean() - 2 * _kernels(x, y).mean()
    assert kernel_distance(real, distorted) == pytest.approx(kvd, rel=1e-3)


def test_features_fvd_and_kvd_agree_with_plain_ones(i3d):
    real = _features(i3d, _clips("real")[:3])
    plain = independent.i3d(torch.from_numpy(_clips("real")[0]))
    torch.testing.assert_close(real[0], plain, rtol=1e-4, atol=1e-4)
    _check_distances(real, _features(i3d, _clips("blur 4")[:3]))


@pytest.mark.matrix
@pytest.mark.parametrize("name", DISTORTIONS)
def test_fvd_and_kvd_agree_under_every_distortion(name, i3d):
    distorted = _features(i3d, _clips(name))
    plain = torch.stack([independent.i3d(torch.from_numpy(clip)) for clip in _clips(name)])
    torch.testing.assert_close(distorted, plain, rtol=1e-4, atol=1e-4)
    _check_distances(_features(i3d, _clips("real")), distorted)
