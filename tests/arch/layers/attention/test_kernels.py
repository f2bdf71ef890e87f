"""The choice of a kernel, from what is known of the call: no GPU is needed to make it."""

import dataclasses

import pytest
import torch

from arch.layers.attention import Call, flash, xformers
from arch.layers.attention.kernels import KERNELS, choose

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
    with pytest.raises(ValueError, match=f"none is called 'cudnn'; known: {known}"):
        choose("cudnn", CPU)  # type: ignore[arg-type]
