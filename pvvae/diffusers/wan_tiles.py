"""Tiles in the words of Wan's VAE in diffusers: height and width, and strides between tiles."""

SIDES = ("height", "width")


def wan_tiles(
    size: int | None, overlap: int | None, wan: dict[str, float | None], *, usual: int
) -> tuple[int | None, int | None]:
    """Edge and overlap of a tile, in pixels; None where neither words say.

    Args:
        size: in our words.
        overlap: likewise.
        wan: in Wan's: ``tile_sample_min_height``, ``tile_sample_stride_height``, and their widths.
        usual: edge of a tile where no words say.

    Raises:
        ValueError: for another word, or tiles that are not square.
    """
    given = {key: value for key, value in wan.items() if value is not None}
    edges = {
        given.pop(f"tile_sample_min_{side}") for side in SIDES if f"tile_sample_min_{side}" in given
    }
    steps = {
        given.pop(f"tile_sample_stride_{side}")
        for side in SIDES
        if f"tile_sample_stride_{side}" in given
    }
    if given:
        raise ValueError(f"{min(given)}: tiles have a height, a width and their strides alone")
    if len(edges) > 1 or len(steps) > 1:
        raise ValueError("tile_sample: tiles are square; give one height, width and stride")
    if (edges and size is not None) or (steps and overlap is not None):
        raise ValueError("tile_sample: give sizes in our words or in Wan's, not in both")
    size = int(edges.pop()) if edges else size
    if steps:
        size = usual if size is None else size
        overlap = size - int(steps.pop())
    return size, overlap
