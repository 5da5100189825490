"""mode: in training or eval() for as long as a block lasts."""
import pytest

from microgradx.nn import Dropout, Linear, Sequential
from microgradx.training.mode import mode


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("within", [True, False])
def test_a_block_has_its_mode_and_then_all_is_as_before(before, within):
    model = Sequential(Linear(1, 1), Dropout()).train(before)
    with mode(model, training=within):
        assert model.training == model[1].training == within
    assert model.training == model[1].training == before


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_also_where_something_is_raised(error):
    model = Dropout()
    with pytest.raises(error), mode(model, training=False):
        raise error
    assert model.training
