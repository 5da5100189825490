"""A Module's parameters while machine code has them: current numbers in both directions, and plain Values elsewhere."""
import copy
import gc
import pickle

import pytest

from microgradx import Value, nn, sum, value_and_grad
from microgradx.training import SGD, Adam, load, save

from ...compiled import every_way, needs_llvmlite


def loss(model, x):
    return sum([y * y for y in model(x)])


def weights(model):
    return [p.data for p in model.parameters()]


@pytest.fixture
def model():
    made = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    for k, p in enumerate(made.parameters()):
        p.data = 0.1 * (k - 5)
    return made


X = [1.0, -2.0]


def eager(model):
    """Loss and gradient by a copy that is not compiled."""
    twin = copy.deepcopy(model)
    y = loss(twin, X)
    y.backward()
    return y.data, [p.grad for p in twin.parameters()]


def agrees(compiled, model):
    y, slopes = compiled(model, X)
    expected, gradient = eager(model)
    assert y == pytest.approx(expected, rel=1e-12)
    assert [x for part in slopes.values() for x in flat(part)] == pytest.approx(gradient, rel=1e-12, abs=1e-15)


def flat(tree):
    return [x for branch in tree for x in flat(branch)] if isinstance(tree, list) else [tree]


@every_way
def test_what_is_set_is_seen_by_the_compiled_function(way, model):
    compiled = way.jit(value_and_grad(loss))
    agrees(compiled, model)
    model[0].weight[1][1].data = 3.0
    agrees(compiled, model)
    for p in model.parameters():
        p.data *= 0.5
    agrees(compiled, model)
    model.load_state_dict({name: [[0.25 for _ in row] if isinstance(row, list) else 0.25 for row in rows]
                           for name, rows in model.state_dict().items()})
    agrees(compiled, model)
    assert compiled.report().programs == 1 and set(weights(model)) == {0.25}


@needs_llvmlite
def test_what_machine_code_sets_is_seen_in_the_module(model):
    from microgradx.compiler.native.resident import resident
    block = resident(model.parameters())
    block[3] = 42.0
    assert model.parameters()[3].data == 42.0 and weights(model)[3] == 42.0
    assert resident(model.parameters())[3] == 42.0                          # the same block once more
    assert resident(model[2].parameters())[0] == weights(model)[9]          # a part of it


@pytest.mark.slow
@every_way
def test_functions_share_a_module(way, model):
    """Before and after a part of it was compiled, and next to a function of the part."""
    whole, part = way.jit(value_and_grad(loss)), way.jit(lambda layer, x: layer(x))
    agrees(whole, model)
    assert part(model[0], X) == pytest.approx([y.data for y in model[0](X)])
    another = way.jit(value_and_grad(lambda model, x: loss(model, x) * 1.0))
    model[0].bias[0].data = 7.0
    agrees(whole, model)
    agrees(another, model)
    assert part(model[0], X) == pytest.approx([y.data for y in model[0](X)])


@every_way
def test_a_part_may_be_compiled_before_the_whole(way, model):
    part, whole = way.jit(lambda layer, x: layer(x)), way.jit(value_and_grad(loss))
    part(model[2], [1.0, 2.0, 3.0])
    agrees(whole, model)
    model[2].weight[0][0].data, model[0].weight[0][0].data = 5.0, -5.0
    agrees(whole, model)
    assert part(model[2], [1.0, 2.0, 3.0]) == pytest.approx([y.data for y in model[2]([1.0, 2.0, 3.0])])


@pytest.mark.sweep(997)
@every_way
def test_one_module_twice_and_two_that_share_a_layer(way, model):
    def both(a, b, x):
        return loss(a, x) + 2 * loss(b, x)
    twin = nn.Sequential(model[0], nn.Tanh(), nn.Linear(3, 1))
    for args in ((model, model, X), (model, twin, X)):
        y, slopes = way.jit(value_and_grad(both))(*args)
        expected, gradient = value_and_grad(both)(*args)
        assert y == pytest.approx(expected, rel=1e-12)
        for name, part in gradient.items():
            assert flat(slopes[name]) == pytest.approx(flat(part), rel=1e-12, abs=1e-15)


@every_way
def test_a_shared_parameter_has_the_sum_of_its_gradients(way):
    model = nn.Linear(1, 1)
    model.bias = model.weight[0]
    y, slopes = way.jit(value_and_grad(loss))(model, [3.0])
    assert (y, slopes) == value_and_grad(loss)(model, [3.0])


@every_way
def test_copies_are_of_plain_values(way, model):
    compiled = way.jit(value_and_grad(loss))
    compiled(model, X)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model.parameters()))):
        values = twin if isinstance(twin, list) else twin.parameters()
        assert {type(p) for p in values} == {Value} and [p.data for p in values] == weights(model)
    twin = copy.deepcopy(model)
    twin[0].bias[0].data = 9.0
    agrees(compiled, twin)
    agrees(compiled, model)
    assert model[0].bias[0].data != 9.0


@every_way
@pytest.mark.parametrize("optimiser", [lambda ps: SGD(ps, lr=0.1, momentum=0.9), lambda ps: Adam(ps, lr=0.1)])
def test_training_by_compiled_gradients_and_by_eager_ones(way, optimiser, model):
    """The same steps, whichever computed them; also one after the other."""
    compiled, twin = way.jit(value_and_grad(loss)), copy.deepcopy(model)
    steps, steps_of_twin = optimiser(model.parameters()), optimiser(twin.parameters())
    for k in range(6):
        if k % 3 == 2:
            model.zero_grad()
            loss(model, X).backward()
        else:
            _, slopes = compiled(model, X)
            for p, g in zip(model.parameters(), flat(list(slopes.values()))):
                p.grad = g
        twin.zero_grad()
        loss(twin, X).backward()
        steps.step()
        steps_of_twin.step()
        assert weights(model) == pytest.approx(weights(twin), rel=1e-12)


@every_way
def test_saved_and_loaded(way, model, tmp_path):
    compiled = way.jit(value_and_grad(loss))
    before = compiled(model, X)
    save(model, tmp_path / "weights.safetensors")
    for p in model.parameters():
        p.data = 0.0
    load(tmp_path / "weights.safetensors", model)
    assert compiled(model, X) == before


@pytest.mark.slow
@every_way
def test_modules_come_and_go(way):
    """A new Module may stand where another was before; its numbers are its own."""
    compiled = way.jit(lambda layer, x: layer(x))
    for k in range(12):
        layer = nn.Linear(1, 1)
        layer.weight[0][0].data, layer.bias[0].data = float(k), 0.5
        assert compiled(layer, [2.0]) == [2.0 * k + 0.5]
        del layer
        gc.collect()


@every_way
def test_a_parameter_may_be_replaced(way):
    layer = nn.Linear(1, 1)
    compiled = way.jit(lambda layer, x: layer(x))
    layer.bias[0].data = layer.weight[0][0].data = 1.0
    assert compiled(layer, [2.0]) == [3.0]
    layer.weight = [[Value(10.0)]]
    assert compiled(layer, [2.0]) == [21.0]
    layer.weight[0][0] = Value(100.0)
    assert compiled(layer, [2.0]) == [201.0]
    layer.bias = None
    assert compiled(layer, [2.0]) == [200.0]
