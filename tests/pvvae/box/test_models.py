"""The box that comes with the project is whole, small, and said of on its card."""

from pvvae.box import open_box
from pvvae.pretrained.box import SHIPPED

MOST_BYTES = 24 * 2**20
"""What a clone may carry of weights."""


def test_the_projects_box_is_whole_and_has_both_backbones_a_twin_and_their_lattes():
    box = open_box()
    assert sorted(box.vaes) == ["cnn", "vit", "vit_twin"]
    assert sorted(box.lattes) == ["cnn_latte", "vit_latte"]
    assert box.vaes["vit_twin"].twin_of == "vit"
    for name in box.vaes:
        assert sum(p.numel() for p in box.vae(name).parameters()) > 1e6


def test_it_fits_and_its_card_has_a_row_of_each_network_with_figures():
    files = [path for path in SHIPPED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES
    card = (SHIPPED / "README.md").read_text()
    box = open_box()
    for about in box.vaes.values():
        assert f"\n| {about.label} |" in card
    for latte in box.lattes.values():
        assert f"\n| Latte on {box.vaes[latte.vae].label} |" in card
    assert "Not measured yet" not in card
