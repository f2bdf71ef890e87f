"""diffusers' Latte, to hold ours against: a network of equal width, tokens and blocks."""

from torch import Tensor, nn

from arch.interop.diffusers import class_of_diffusers

CAPTION = 8
"""Width of the captions that it insists on and, without cross-attention, does not look at."""


class DiffusersLatte(nn.Module):
    """``LatteTransformer3DModel`` without cross-attention, (x, time) -> velocity.

    Its ``num_layers`` counts pairs of a spatial and a temporal block. It has one adaLN network for
    all blocks and a table for each (PixArt), so fewer parameters than ours of equal size.
    """

    def __init__(
        self, *, depth: int, width: int, heads: int, channels: int, groups: int, cells: int
    ) -> None:
        """``depth`` blocks in all, for latents (``channels``, ``groups``, ``cells``, ``cells``).

        Raises:
            ValueError: if diffusers is missing.
        """
        super().__init__()
        self.network = class_of_diffusers("LatteTransformer3DModel")(
            num_attention_heads=heads,
            attention_head_dim=width // heads,
            in_channels=channels,
            num_layers=depth // 2,
            cross_attention_dim=None,
            attention_bias=True,
            sample_size=cells,
            patch_size=1,
            activation_fn="gelu-approximate",
            norm_type="ada_norm_single",
            norm_elementwise_affine=False,
            norm_eps=1e-6,
            caption_channels=CAPTION,
            video_length=groups,
        )
        blocks = self.network.transformer_blocks, self.network.temporal_transformer_blocks
        if sum(map(len, blocks)) != depth:
            raise ValueError(f"diffusers' Latte has {sum(map(len, blocks))} blocks, not {depth}")

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """Velocity (B, c, t, h, w) at ``x`` of that shape and times (B,) in [0, 1]."""
        nothing = x.new_zeros(len(x), 1, CAPTION, dtype=self.network.proj_out.weight.dtype)
        given = x.to(nothing.dtype)
        result: Tensor = self.network(given, 1000 * time, nothing, return_dict=False)[0]
        return result.float()
