import pytest

from launchers.bench.ratio import Ratio


def test_above_one_the_first_is_faster():
    ratio = Ratio.of([1.0] * 4, [2.0] * 4, block=2)
    assert (ratio.value, ratio.first, ratio.second, ratio.blocks) == (2.0, 1.0, 2.0, 2)
    assert ratio.quartiles == (2.0, 2.0)


def test_what_happens_once_in_a_block_counts_with_its_share():
    # Each block of five has one step that takes six times as long; a median of steps would miss it.
    loop = [1.0, 1.0, 1.0, 1.0, 6.0] * 3
    assert Ratio.of(loop, [1.0] * 15, block=5).value == 0.5


def test_one_disturbed_block_changes_nothing():
    calm = [1.0] * 30
    assert Ratio.of(calm, [1.0] * 20 + [100.0] * 10, block=10).value == 1.0


def test_steps_after_the_last_whole_block_are_left_out():
    assert Ratio.of([1.0] * 4 + [9.0], [1.0] * 5, block=2).value == 1.0


@pytest.mark.parametrize(("first", "second"), [(3, 3), (4, 5)])
def test_too_few_steps_or_unequal_columns_are_refused(first, second):
    with pytest.raises(ValueError, match="two equal columns of at least 4, got"):
        Ratio.of([1.0] * first, [1.0] * second, block=2)
