"""One signature, several kernels: each that can compute here agrees with the textbook."""

import pytest
import torch

from arch.layers.attention import Call, attention, explained, optional
from arch.layers.attention.call import call_of
from arch.layers.attention.kernels import KERNELS
from tests.arch.layers.attention.masks import SIGHTS, by_hand, dense, qkv


def able() -> list[str]:
    """Kernels that take a call without gradients on this processor."""
    call = call_of(*qkv("all"))
    return [name for name, kernel in KERNELS.items() if kernel.obstacle(call) is None]


def test_two_kernels_at_least_are_compared() -> None:
    assert {"sdpa", "flex"} <= set(able())


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
@pytest.mark.parametrize("head_dim", [8, 24, 64])
@pytest.mark.parametrize("name", SIGHTS)
@pytest.mark.parametrize("backend", [*able(), "auto"])
def test_it_is_the_textbook_formula(backend: str, name: str, head_dim: int) -> None:
    q, k, v = qkv(name, head_dim=head_dim)
    out = attention(q, k, v, sight=SIGHTS[name], backend=backend)  # type: ignore[arg-type]
    torch.testing.assert_close(out, by_hand(q, k, v, dense(name)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", SIGHTS)
def test_its_gradients_are_those_of_the_textbook_formula(name: str) -> None:
    gradients = []
    for attend in (
        lambda q, k, v: attention(q, k, v, sight=SIGHTS[name]),
        lambda q, k, v: by_hand(q, k, v, dense(name)),
    ):
        inputs = [part.double().requires_grad_() for part in qkv(name)]
        attend(*inputs).square().sum().backward()
        gradients.append([part.grad for part in inputs])
    torch.testing.assert_close(gradients[0], gradients[1])


def test_a_line_says_which_kernel_and_why() -> None:
    here = Call.on(torch.device("cpu"), torch.float32, 64, learns=True)
    assert explained("auto", here) == "attention: sdpa on cpu (flash-attn needs an NVIDIA GPU)"
    assert explained("sdpa", here) == "attention: sdpa on cpu"
    old = Call("cuda", (7, 5), torch.bfloat16, 64, learns=True)
    assert explained("auto", old).startswith("attention: sdpa on cuda (flash-attn-3 needs a GPU of")


def test_no_package_is_looked_for_where_none_could_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(optional.importlib, "import_module", asked.append)
    optional.module_or_none.cache_clear()
    attention(*qkv("all"))
    assert asked == []
