"""What PSNR, SSIM, LPIPS and the prediction error depend on, for result files."""

from collections.abc import Mapping

from pvvae.metrics.weight_catalog import LPIPS_ALEX

FRAME_PROTOCOL: Mapping[str, Mapping[str, str]] = {
    "psnr": {
        "pixels": "RGB of 8 bits, as [0, 1]",
        "mean": "of decibels over frames, then over clips; 100 dB at most",
    },
    "ssim": {
        "pixels": "RGB of 8 bits, as [0, 1]; mean over channels",
        "window": "Gaussian 11x11, sigma 1.5, inside the frame; K1 0.01, K2 0.03",
        "mean": "over frames, then over clips",
    },
    "lpips": {
        "network": "AlexNet v0.1",
        "weights_sha256": LPIPS_ALEX.sha256,
        "pixels": "RGB of 8 bits, as [-1, 1]; float32 without TF32",
        "mean": "over frames, then over clips",
    },
}
"""One form wherever they are measured, so that equal protocols have equal hashes."""

PREDICTION_PROTOCOL: Mapping[str, str] = {
    "observed": "the first half of the groups, rounded up",
    "pad": "as in training; a Gaussian one drawn by seed and number of the clip",
    "pixels": "RGB of 8 bits, as [0, 1]",
}
"""How withheld frames are measured (Figure 6)."""
