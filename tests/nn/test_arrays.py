"""Arrays through every layer and loss: the bits of nested lists, of outputs and gradients; what does not fit."""
import pytest

from microgradx import Value, grad, nn
from microgradx.nesting import leaves
from microgradx.training import SGD, batches, evaluate, fit, split

from ..nn_cases import CASES, data, layer, numbers

np = pytest.importorskip("numpy")


def arrays_of(x):
    """The inputs of a case as arrays; a tuple, as the state of an LSTM, as one of them."""
    if isinstance(x, tuple):
        return tuple(map(arrays_of, x))
    return np.array(x) if isinstance(x, list) else x


def rows_of(x):
    """As the rows of a batch come out of an array."""
    return list(np.array(x)) if isinstance(x, list) and np.ndim(x) > 1 else arrays_of(x)


def run(case, inputs):
    """Outputs, and the gradient of their sum by each parameter."""
    drawn = numbers(case)
    if case.is_loss:
        return data(getattr(nn, case.name)(*inputs(drawn.inputs), **case.call)), []
    model = layer(case)
    model.load_state_dict(drawn.state)
    outputs = leaves(model(*inputs(drawn.inputs), **case.call))
    sum(outputs, Value(0.0)).backward()
    return data(outputs), [p.grad for p in model.parameters()]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_bits_of_nested_lists(case):
    expected = run(case, lambda inputs: inputs)
    assert run(case, lambda inputs: list(map(arrays_of, inputs))) == expected
    assert run(case, lambda inputs: list(map(rows_of, inputs))) == expected


def test_what_is_all_numbers_comes_back_as_an_array():
    x = np.array([[1.0, -2.0]])
    assert type(nn.ReLU()(x)) is np.ndarray and nn.ReLU()(x).tolist() == [[1.0, 0.0]]
    assert nn.mse(x, x + 1, "none").tolist() == [[1.0, 1.0]] and nn.mse(x, x + 1) == 1.0
    assert type(nn.ReLU()([1.0])) is list
    assert type(nn.Linear(2, 1)(x)) is list                 # of Values
    assert type(nn.Linear(2, 1)(np.array([[Value(1.0), 2.0]]))[0][0]) is Value


def test_options_may_be_arrays():
    x, weight = np.array([[1.0, -2.0], [0.0, 0.5]]), [0.5, 2.0]
    for loss in (nn.cross_entropy, nn.nll, nn.multi_margin):
        found = loss(x, np.array([0, 1]), weight=np.array(weight), reduction="none")
        assert found.tolist() == loss(x.tolist(), [0, 1], weight=weight, reduction="none")
    both = {"weight": np.array(weight), "pos_weight": np.array([[3.0], [4.0]])}
    assert nn.bce_with_logits(x, x * 0 + 1, **both) == nn.bce_with_logits(
        x.tolist(), [[1, 1], [1, 1]], weight=weight, pos_weight=[[3.0], [4.0]])
    mask = np.array([[False, True], [False, False]])
    layer = nn.MultiheadAttention(2, 1)
    assert data(layer(x, x, x, attn_mask=mask)) == data(layer(x, x, x, attn_mask=mask.tolist()))


def test_within_a_transform_there_are_lists():
    x = np.array([[1.0, 2.0]])
    assert grad(lambda w: nn.ReLU()(x)[0][1] * w)(3.0) == 2.0


@pytest.mark.parametrize("call, error, said", [
    (lambda: nn.Linear(3, 1)(np.zeros((2, 2))), ValueError, r"Linear: expected shape \(\*, 3\), got \(2, 2\)"),
    (lambda: nn.Linear(2, 1)(np.zeros((0, 2))), ValueError, r"got \(0, 2\) \(empty\)|got \(0,\) \(empty\)"),
    (lambda: nn.Linear(2, 1)(np.zeros(2, complex)), TypeError, "complex128"),
    (lambda: nn.Linear(2, 1)(np.zeros(2, object)), TypeError, "object"),
    (lambda: nn.Linear(2, 1)([np.zeros(2), np.zeros(1)]), ValueError, r"ragged.*\(1,\) and \(2,\)"),
    (lambda: nn.mse(np.zeros(2), np.zeros(3)), ValueError, r"mse target: expected shape \(2,\), got \(3,\)"),
    (lambda: nn.mse(np.zeros(2), np.array(["a", "b"])), TypeError, "<U1"),
    (lambda: nn.cross_entropy(np.zeros((2, 3)), np.array([0, 3])), IndexError, "from 0 to 2, got target 3"),
    (lambda: nn.Embedding(3, 2)(np.array([0, 3])), IndexError, "from 0 to 2 as indices, got 3"),
])
def test_what_does_not_fit(call, error, said):
    with pytest.raises(error, match=said):
        call()


# Training ------------------------------------------------------------------------------------------------------

XS = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.25]])
YS = XS @ [[2.0], [-1.0]] + 0.5


def trained(xs, ys, **options):
    model = nn.Linear(2, 1)
    model.load_state_dict({"weight": [[0.1, 0.2]], "bias": [0.0]})
    loss = lambda m, x, y: nn.mse(m(x), y)  # noqa: E731
    history = fit(model, xs, ys, loss, SGD(model.parameters(), lr=0.1), epochs=3, batch_size=2, **options)
    return [record.loss for record in history], model.state_dict(), evaluate(model, xs, ys, loss)


@pytest.mark.parametrize("options", [{}, {"jit": True}, {"validation": 0.25}, {"whole": True}], ids=str)
def test_fit_and_evaluate(options):
    lists = XS.tolist(), YS.tolist()
    expected = trained(*lists, **options)
    for xs, ys in ((XS, YS), (XS[::-1][::-1], np.asfortranarray(YS)), (list(XS), list(YS)), (XS.astype(">f8"), YS)):
        assert trained(xs, ys, **options) == expected
    if "validation" not in options:
        assert trained(*lists, validation=(XS, YS), **options) == trained(*lists, validation=lists, **options)


def test_batches_and_split():
    assert list(batches(XS, YS, 3)) == list(batches(XS.tolist(), YS.tolist(), 3))
    assert split(XS, YS, 0.25) == split(XS.tolist(), YS.tolist(), 0.25)


@pytest.mark.parametrize("xs, ys, error, said", [
    (XS, YS[:3], ValueError, "as many inputs as targets, at least one, got 4 and 3"),
    (np.zeros((0, 2)), np.zeros((0, 1)), ValueError, "got 0 and 0"), (XS.astype(complex), YS, TypeError, "complex128"),
    (np.array(2.0), YS, TypeError, "expected samples as a list, got 2.0"),
])
def test_samples_that_do_not_fit(xs, ys, error, said):
    for call in (lambda: trained(xs, ys), lambda: evaluate(nn.Linear(2, 1), xs, ys, nn.mse), lambda: split(xs, ys),
                 lambda: list(batches(xs, ys))):
        with pytest.raises(error, match=said):
            call()
