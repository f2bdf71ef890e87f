"""The choice of a kernel, from what is known of the call: no GPU is needed to make it."""

import dataclasses

import pytest
import torch

from arch.layers.attention import Call, attention, explained, flash, optional, xformers
from arch.layers.attention.call import call_of
from arch.layers.attention.kernels import KERNELS, choose
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


H100 = Call("cuda", (9, 0), torch.bfloat16, 128, learns=True)
B200 = dataclasses.replace(H100, capability=(10, 0))
A100 = dataclasses.replace(H100, capability=(8, 0))
CPU = Call("cpu", None, torch.float32, 64, learns=False)


@pytest.fixture
def all_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    for file in (flash, xformers):
        monkeypatch.setattr(file, "importable", lambda module: True)


def changed(call: Call, **changes: object) -> Call:
    return dataclasses.replace(call, **changes)  # type: ignore[arg-type]


@pytest.mark.usefixtures("all_installed")
@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (H100, "flash-attn-3"),
        (B200, "flash-attn-4"),
        (changed(B200, head_dim=256), "flash-attn"),
        (A100, "flash-attn"),  # version 4 has no gradients there
        (changed(A100, learns=False), "flash-attn-4"),
        (changed(H100, dtype=torch.float32), "sdpa"),
        (changed(H100, head_dim=20), "sdpa"),
        (changed(H100, head_dim=264), "sdpa"),
        (changed(H100, capability=(7, 5)), "sdpa"),
        (changed(H100, capability=None), "sdpa"),  # an AMD GPU
        (CPU, "sdpa"),
    ],
)
def test_auto_takes_the_fastest_that_works(call: Call, expected: str) -> None:
    assert choose("auto", call)[0] == expected


def test_auto_falls_back_where_nothing_is_installed_and_says_what_to_install() -> None:
    name, why = choose("auto", H100)
    assert name == "sdpa"
    assert why == (
        "flash-attn-3 cannot be imported; install flash-attn-3; "
        "flash-attn-4 cannot be imported; install flash-attn-4; "
        "flash-attn cannot be imported; install flash-attn"
    )


@pytest.mark.usefixtures("all_installed")
@pytest.mark.parametrize(
    ("backend", "call", "obstacle"),
    [
        ("flash-attn-3", CPU, r"needs a GPU of compute capability 9\.x, this is cpu"),
        ("flash-attn-3", A100, r"needs a GPU of compute capability 9\.x, this is 8\.0"),
        ("flash-attn", changed(H100, dtype=torch.float32), "bfloat16 or float16, got float32"),
        (
            "flash-attn-4",
            changed(H100, head_dim=136),
            "a multiple of 8 up to 128 channels, got 136",
        ),
        ("xformers", CPU, "needs a GPU, this is cpu"),
        ("xformers", changed(H100, dtype=torch.float64), "float32, bfloat16 or float16, got"),
        ("xformers", changed(H100, head_dim=20), "a multiple of 8 channels, got 20"),
        ("flex", changed(CPU, learns=True), "has no gradients on this device"),
        ("flex", changed(H100, head_dim=8), "heads of at least 16 channels, got 8"),
    ],
)
def test_what_cannot_be_done_by_name_is_one_line(backend: str, call: Call, obstacle: str) -> None:
    with pytest.raises(ValueError, match=f"^attention_backend: {backend} .*{obstacle}") as raised:
        choose(backend, call)  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)


def test_a_plan_needs_no_gpu() -> None:
    assert choose("flash-attn-3", changed(CPU, device="meta"))[0] == "sdpa"


@pytest.mark.parametrize("backend", ["flash-attn", "flash-attn-3", "flash-attn-4", "xformers"])
def test_a_missing_package_is_named(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in (flash, xformers):
        monkeypatch.setattr(file, "importable", lambda module: False)
    with pytest.raises(ValueError, match=f"{backend} cannot be imported; install {backend};"):
        choose(backend, H100)  # type: ignore[arg-type]


def test_an_unknown_backend_lists_the_known_ones() -> None:
    known = ", ".join(["auto", *KERNELS])
    with pytest.raises(ValueError, match=f"no backend is called 'cudnn'; known: {known}"):
        choose("cudnn", CPU)  # type: ignore[arg-type]
