"""One signature, several kernels; what the machine lacks is an error when asked for by name."""

import importlib.util

import pytest
import torch

from arch.layers.attention import attention, chosen_backend


def qkv() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(2, 3, 5, 8, generator=generator) for _ in range(3)]


def by_hand(mask: torch.Tensor | None = None) -> torch.Tensor:
    q, k, v = qkv()
    scores = q @ k.transpose(-1, -2) / 8**0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return scores.softmax(-1) @ v


@pytest.mark.parametrize("backend", ["auto", "sdpa"])
def test_it_is_the_textbook_formula(backend: str) -> None:
    torch.testing.assert_close(attention(*qkv(), backend=backend), by_hand())  # type: ignore[arg-type]


def test_true_in_the_mask_means_may_look() -> None:
    mask = torch.ones(2, 1, 1, 5, dtype=torch.bool)
    mask[1, ..., 2:] = False
    torch.testing.assert_close(attention(*qkv(), mask=mask), by_hand(mask))


def test_auto_on_this_processor_is_torch_itself() -> None:
    assert chosen_backend("auto", like=torch.zeros(1)) == "sdpa"


def missing() -> list[str]:
    packages = {"flash-attn": "flash_attn", "xformers": "xformers"}
    return [name for name, module in packages.items() if importlib.util.find_spec(module) is None]


@pytest.mark.parametrize("backend", missing())
def test_a_backend_that_is_not_installed_is_refused_by_name(backend: str) -> None:
    with pytest.raises(ValueError, match=f"'{backend}' cannot be imported here; install it"):
        attention(*qkv(), backend=backend)  # type: ignore[arg-type]


def test_a_mask_never_reaches_a_backend_that_could_ignore_it() -> None:
    mask = torch.ones(5, 5, dtype=torch.bool).tril()
    torch.testing.assert_close(attention(*qkv(), mask=mask, backend="xformers"), by_hand(mask))


def test_an_unknown_backend_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="known: auto, flash-attn, xformers, sdpa"):
        chosen_backend("cudnn", like=torch.zeros(1))  # type: ignore[arg-type]
