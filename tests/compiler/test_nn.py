"""Every layer and every loss, compiled, against itself: outputs and all gradients. Strict code gives the same bits as
backward(), other code the same numbers to 1e-12 of the largest.
"""
import pytest

from microgradx import Value, dot, nn, sum, value_and_grad
from microgradx.nesting import leaves, rebuild

from ..budget import sweep
from ..compiled import (
    LOOPS,
    PYTHON,
    STRAIGHT,
    close,
    different,
    equal,
    every_way,
    name,
    native_ways,
    needs_llvmlite,
    values,
)
from ..nn_cases import CASES, is_constant, layer, numbers

every_case = pytest.mark.parametrize("case", CASES, ids=str)


def model(case):
    """The layer with the numbers of the case, in a list; of a loss none."""
    if case.is_loss:
        return []
    made = layer(case)
    made.load_state_dict(numbers(case).state)
    return [made]


def loss(case, incoming, args):
    """The outputs weighed with `incoming`, and the outputs. Constant inputs may be Values too."""
    run = getattr(nn, case.name) if case.is_loss else args.pop(0)
    outputs = leaves(run(*args, **case.call))
    return Value(0.0) + dot(outputs, [incoming[i % len(incoming)] for i in range(len(outputs))]), outputs


def incoming(case):
    drawn = numbers(case).incoming
    return [next(drawn) for _ in range(50)]


def wanted(case):
    """The places of the arguments to differentiate by: the model, and inputs that are no constants."""
    return tuple([0] * (not case.is_loss) + [i + (not case.is_loss) for i, spec in enumerate(case.inputs)
                                             if not is_constant(spec, case, i)])


def eager(case):
    """Outputs and gradients by backward()."""
    weights, inputs = incoming(case), numbers(case).inputs
    args = [*model(case), *[x if is_constant(case.inputs[i], case, i) else values(x) for i, x in enumerate(inputs)]]
    root, outputs = loss(case, weights, list(args))
    root.backward()
    return ([v.data if isinstance(v, Value) else v for v in outputs]
            + [v.grad for n in wanted(case) for v in leaves(args[n])])


def program(case):
    """The same as a function to compile, by value_and_grad: of the arguments, outputs and gradients as one list."""
    weights = incoming(case)

    def run(*args):
        outputs = []

        def root(*args):
            y, outputs[:] = loss(case, weights, list(args))
            return y
        _, slopes = value_and_grad(root, wanted(case))(*args)
        return [*outputs, *[x for slope in slopes for x in flat(slope)]]
    return run


def flat(gradient):
    """The numbers of a gradient, of a Module's too."""
    return leaves(list(gradient.values())) if isinstance(gradient, dict) else leaves(gradient)


def check(way, case, same, **options):
    found = way.jit(program(case), **options)(*model(case), *numbers(case).inputs)
    assert different(found, eager(case), same) == []


@sweep(5)
@pytest.mark.parametrize("way", [PYTHON, pytest.param(STRAIGHT._replace(flat=500), marks=needs_llvmlite)], ids=name)
@every_case
def test_strict_code_has_the_bits_of_backward(way, case):
    # eager code that is told soft targets looks for the likely class beforehand, and adds up less
    soft = case.name == "cross_entropy" and case.inputs[0] == case.inputs[1]
    check(way, case, near(case) if soft else equal, strict=True)


@sweep(11)
@native_ways
@every_case
def test_other_code_is_as_exact(way, case):
    if way is LOOPS or len(leaves(numbers(case).inputs)) < 20:      # a straight line of thousands takes long
        check(way, case, near(case))


def near(case):
    """To 1e-12 of the largest number of all: a sum may cancel."""
    largest = max(map(abs, eager(case)))
    return lambda a, b: close(a, b, largest)


def test_a_number_off_by_a_billionth_is_found():
    case = CASES[0]
    right = eager(case)
    with pytest.raises(AssertionError):
        assert different([x * (1 + 1e-9) for x in right], right, near(case)) == []


@pytest.mark.sweep(997)
@every_way
def test_soft_targets_may_be_inputs(way):
    """The class that is most likely is found as the program runs."""
    compiled = way.jit(value_and_grad(nn.cross_entropy))
    logits = [[70.0, 0.0, -3.0], [1.0, 2.0, 3.0]]
    for target in ([[1.0, 0.0, 0.0], [0.2, 0.3, 0.5]], [[0.0, 0.5, 0.5], [0.9, 0.1, 0.0]]):
        y, slopes = compiled(logits, target)
        expected, gradient = value_and_grad(nn.cross_entropy)(logits, target)
        assert y == pytest.approx(expected, rel=1e-12) and leaves(slopes) == pytest.approx(leaves(gradient), rel=1e-12)


@every_way
def test_a_class_may_be_an_input(way):
    compiled = way.jit(value_and_grad(nn.cross_entropy))
    for k in range(3):
        expected, gradient = value_and_grad(nn.cross_entropy)([1.0, 2.0, 3.0], k)
        y, slopes = compiled([1.0, 2.0, 3.0], Value(k))
        assert y == pytest.approx(expected, rel=1e-12) and slopes == pytest.approx(gradient, rel=1e-12)
    assert compiled.report().programs == 1
    with pytest.raises(IndexError):
        compiled([1.0, 2.0, 3.0], Value(3))


@every_way
def test_a_history_is_cut_in_compiled_code_too(way):
    def f(h, xs):
        layer = nn.RNN(1, 1)
        layer.load_state_dict({key: rebuild(v, iter([0.5] * 9)) for key, v in layer.state_dict().items()})
        _, state = layer(xs, h)
        return sum(layer(xs, nn.detached(state))[0][-1]) + sum(state[0])
    expected = value_and_grad(f, (0, 1))([[0.5]], [[1.0], [2.0]])
    y, slopes = way.jit(value_and_grad(f, (0, 1)))([[0.5]], [[1.0], [2.0]])
    assert y == pytest.approx(expected[0], rel=1e-12)
    assert leaves(slopes) == pytest.approx(leaves(expected[1]), rel=1e-12)
