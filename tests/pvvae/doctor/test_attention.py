"""A kernel that does not load, or computes something else, is named."""

import sys
from pathlib import Path

import torch
from torch import Tensor

from arch.layers.attention.call import Call
from arch.layers.attention.kernels import KERNELS
from arch.layers.attention.mask import Mask
from pvvae.doctor.attention import attention, import_trouble
from pvvae.doctor.finding import Finding
from pvvae.doctor.wanted import Wanted


class Wrong:
    """Forgets what a query may not see."""

    def obstacle(self, call: Call) -> str | None:
        return None

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, sight: Mask) -> Tensor:
        return KERNELS["sdpa"](q, k, v, None)


class NotANumber(Wrong):
    """Gives NaN."""

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, sight: Mask) -> Tensor:
        return KERNELS["sdpa"](q, k, v, sight) * torch.nan


def _found(wanted: Wanted) -> dict[str, Finding]:
    return {each.name.removeprefix("attention: "): each for each in attention(wanted)}


def test_torchs_own_kernel_is_right_and_what_is_not_installed_no_mistake():
    found = _found(Wanted())
    assert found["sdpa"].right is True
    assert found["sdpa"].found.startswith("as in double precision on ")


def test_a_kernel_that_returns_wrong_numbers_is_wrong(monkeypatch):
    monkeypatch.setitem(KERNELS, "unmasked", Wrong())
    monkeypatch.setitem(KERNELS, "undefined", NotANumber())
    found = _found(Wanted())
    assert [found[name].right for name in ("sdpa", "unmasked", "undefined")] == [True, False, False]
    assert found["unmasked"].found.startswith("not as in double precision")
    assert found["unmasked"].advice.startswith("do not use it here: attention_backend: sdpa")
    assert "off by inf" in found["undefined"].found


def test_a_flash_attn_that_raises_at_import_is_wrong(tmp_path: Path, monkeypatch):
    package = tmp_path / "flash_attn"
    package.mkdir()
    text = 'raise ImportError("flash_attn_2_cuda.so: undefined symbol: _ZN3c10\\nand more")\n'
    (package / "__init__.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "flash_attn", raising=False)
    found = _found(Wanted())["flash-attn"]
    assert found.right is False
    assert found.found == (
        "cannot be imported: ImportError: flash_attn_2_cuda.so: undefined symbol: _ZN3c10"
    )
    assert (
        found.advice == f"reinstall flash-attn for this torch ({torch.__version__}), or remove it"
    )


def test_a_kernel_that_a_config_names_must_be_there():
    name = "xformers" if import_trouble("xformers") else "flash-attn-3"
    found = _found(Wanted(parts=frozenset({name})))[name]
    assert (found.right, found.found) == (False, "not installed")
    assert found.advice == f"install {name}, or attention_backend: auto"
