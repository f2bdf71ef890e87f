import pytest
import torch

from pvvae.autoencoder.tiling import Tiles, Tiling

SIZES = [(64, 96), (80, 64), (16, 48), (48, 112)]
TILING = Tiling(size=48, overlap=16)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_tiles_that_agree_come_out_as_the_picture(height, width):
    x = torch.rand(1, 3, 5, height, width)
    tiles = Tiles(height, width, TILING, stride=16)
    parts = tiles.split(x)
    assert len(parts) == len(tiles)
    assert all(part.shape[-2] <= 48 and part.shape[-1] <= 48 for part in parts)
    torch.testing.assert_close(tiles.blend(parts), x, rtol=0.0, atol=1e-6)


def test_one_tile_fades_linearly_into_the_next():
    tiles = Tiles(4, 12, Tiling(size=8, overlap=4), stride=4)
    left, right = torch.zeros(4, 8), torch.ones(4, 8)
    row = torch.tensor([0, 0, 0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1, 1, 1])
    torch.testing.assert_close(tiles.blend([left, right]), row.expand(4, 12))
    turned = Tiles(12, 4, Tiling(size=8, overlap=4), stride=4)
    torch.testing.assert_close(turned.blend([left.T, right.T]), row.expand(4, 12).T)


def test_the_last_tile_ends_where_the_picture_does():
    tiles = Tiles(16, 80, TILING, stride=16)
    assert [part.shape[-1] for part in tiles.split(torch.zeros(16, 80))] == [48, 48]
    starts = [int(part[0, 0]) for part in tiles.split(torch.arange(80).expand(16, 80))]
    assert starts == [0, 32]
    assert len(Tiles(16, 96, TILING, stride=16)) == 3


def test_tiles_are_made_of_latent_cells():
    for tiling in (Tiling(size=40, overlap=16), Tiling(size=48, overlap=8)):
        with pytest.raises(ValueError, match="must be a multiple of 16, got"):
            Tiles(64, 64, tiling, stride=16)


@pytest.mark.parametrize(("size", "overlap"), [(0, 0), (48, 32), (48, -16)])
def test_sizes_that_make_no_sense_are_refused(size, overlap):
    with pytest.raises(ValueError, match=r"must be (positive|in \[0)"):
        Tiling(size=size, overlap=overlap)


def test_edges_inside_the_picture_are_where_tiles_begin_and_end():
    near = Tiles(8, 12, Tiling(size=8, overlap=4), stride=1).near_edges(1)
    columns = torch.tensor([0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0], dtype=torch.bool)
    assert torch.equal(near, columns.expand(8, 12))  # the ends of the picture are no seams
