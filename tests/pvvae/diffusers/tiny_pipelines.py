"""Pipelines of diffusers with small random parts, and what each is run with."""

from collections.abc import Callable
from typing import Any

import diffusers
import torch
from torch import Tensor, nn

SIZES = {"height": 32, "width": 64, "num_inference_steps": 2}
CHANNELS = 32
"""Of the tiny backbones' latents."""


def ones(*shape: int) -> Tensor:
    return torch.ones(shape)


def wan(kind: type[nn.Module], **values: Any) -> nn.Module:
    return kind(
        **{
            "patch_size": (1, 1, 1),
            "num_attention_heads": 2,
            "attention_head_dim": 12,
            "in_channels": CHANNELS,
            "out_channels": CHANNELS,
            "text_dim": 16,
            "freq_dim": 16,
            "ffn_dim": 32,
            "num_layers": 1,
            "rope_max_seq_len": 32,
        }
        | values
    )


def hunyuan() -> nn.Module:
    return diffusers.HunyuanVideoTransformer3DModel(
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        num_attention_heads=2,
        attention_head_dim=10,
        num_layers=1,
        num_single_layers=1,
        num_refiner_layers=1,
        patch_size=1,
        text_embed_dim=16,
        pooled_projection_dim=8,
        rope_axes_dim=(2, 4, 4),
    )


def hunyuan15() -> nn.Module:
    return diffusers.HunyuanVideo15Transformer3DModel(
        in_channels=2 * CHANNELS + 1,
        out_channels=CHANNELS,
        num_attention_heads=2,
        attention_head_dim=8,
        num_layers=1,
        num_refiner_layers=1,
        text_embed_dim=16,
        text_embed_2_dim=8,
        image_embed_dim=12,
        rope_axes_dim=(2, 2, 4),
        target_size=16,
        task_type="t2v",
    )


def ltx() -> nn.Module:
    return diffusers.LTXVideoTransformer3DModel(
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        num_attention_heads=4,
        attention_head_dim=8,
        cross_attention_dim=32,
        num_layers=1,
        caption_channels=32,
    )


def cogvideox() -> nn.Module:
    return diffusers.CogVideoXTransformer3DModel(
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        num_attention_heads=4,
        attention_head_dim=8,
        time_embed_dim=2,
        text_embed_dim=32,
        num_layers=1,
        sample_width=4,
        sample_height=2,
        sample_frames=5,
        max_text_seq_length=16,
    )


def kandinsky() -> nn.Module:
    return diffusers.Kandinsky5Transformer3DModel(
        in_visual_dim=CHANNELS,
        out_visual_dim=CHANNELS,
        in_text_dim=16,
        in_text_dim2=16,
        time_dim=16,
        model_dim=16,
        ff_dim=32,
        num_text_blocks=1,
        num_visual_blocks=1,
        axes_dims=(1, 1, 2),
    )


WAN = ("text_encoder", "tokenizer")
TWICE = (*WAN, "text_encoder_2", "tokenizer_2")
FLOW = "FlowMatchEulerDiscreteScheduler"
PROMPT = {"prompt_embeds": ones(1, 4, 16), "negative_prompt_embeds": -ones(1, 4, 16)}
CLIP = torch.rand(1, 5, 3, 32, 64, generator=torch.Generator().manual_seed(2))
PIPELINES: dict[str, tuple[Callable[[], nn.Module], tuple[str, ...], str, dict[str, Any]]] = {
    "WanPipeline": (
        lambda: wan(diffusers.WanTransformer3DModel),
        WAN,
        FLOW,
        {**PROMPT, "num_frames": 5},
    ),
    "WanVideoToVideoPipeline": (
        lambda: wan(diffusers.WanTransformer3DModel),
        WAN,
        FLOW,
        {**PROMPT, "video": CLIP, "strength": 1.0},
    ),
    "WanImageToVideoPipeline": (
        lambda: wan(diffusers.WanTransformer3DModel, in_channels=2 * CHANNELS + 4),
        (*WAN, "image_encoder", "image_processor"),
        FLOW,
        {**PROMPT, "image": CLIP[:, 0], "num_frames": 5},
    ),
    "SkyReelsV2Pipeline": (
        lambda: wan(diffusers.SkyReelsV2Transformer3DModel),
        WAN,
        "UniPCMultistepScheduler",
        {**PROMPT, "num_frames": 5},
    ),
    "HunyuanVideoPipeline": (
        hunyuan,
        TWICE,
        FLOW,
        {
            "prompt_embeds": ones(1, 4, 16),
            "pooled_prompt_embeds": ones(1, 8),
            "prompt_attention_mask": ones(1, 4),
            "num_frames": 5,
        },
    ),
    "HunyuanVideo15Pipeline": (
        hunyuan15,
        TWICE,
        FLOW,
        {
            "prompt_embeds": ones(1, 4, 16),
            "prompt_embeds_mask": ones(1, 4),
            "prompt_embeds_2": ones(1, 4, 8),
            "prompt_embeds_mask_2": ones(1, 4),
            "num_frames": 5,
        },
    ),
    "LTXPipeline": (
        ltx,
        WAN,
        FLOW,
        {
            "prompt_embeds": ones(1, 4, 32),
            "prompt_attention_mask": ones(1, 4),
            "guidance_scale": 1.0,
            "num_frames": 5,
        },
    ),
    "CogVideoXPipeline": (
        cogvideox,
        WAN,
        "CogVideoXDDIMScheduler",
        {"prompt_embeds": ones(1, 16, 32), "guidance_scale": 1.0, "num_frames": 5},
    ),
    "Kandinsky5T2VPipeline": (
        kandinsky,
        TWICE,
        FLOW,
        {
            "prompt_embeds_qwen": ones(1, 4, 16),
            "prompt_embeds_clip": ones(1, 16),
            "prompt_cu_seqlens": torch.tensor([0, 4], dtype=torch.int32),
            "guidance_scale": 1.0,
            "num_frames": 5,
        },
    ),
}
"""Maker of a transformer, parts that are left out, scheduler and inputs."""


def parts(name: str) -> dict[str, Any]:
    """Of a pipeline without text; transformers' encoders are not needed for one."""
    torch.manual_seed(0)
    make, absent, scheduler, _ = PIPELINES[name]
    found: dict[str, Any] = {"transformer": make(), **dict.fromkeys(absent)}
    found["scheduler"] = getattr(diffusers, scheduler)()
    if name == "HunyuanVideo15Pipeline":
        found["guider"] = diffusers.ClassifierFreeGuidance(enabled=False)
    return found


def frames(pipeline: Any, **values: Any) -> Tensor:
    pipeline.set_progress_bar_config(disable=True)
    inputs = PIPELINES[type(pipeline).__name__][3]
    out: Tensor = pipeline(
        **{**SIZES, **inputs, "output_type": "pt", **values},
        generator=torch.Generator().manual_seed(1),
    ).frames
    return out
