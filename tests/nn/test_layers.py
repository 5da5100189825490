"""Layers: their derivatives by finite differences, what they save, their two modes, and what they refuse."""
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import microgradx as mg
from microgradx import Value, dot, nn, tape
from microgradx.checking.check import gradcheck
from microgradx.nesting import leaves

from .. import nn_cases
from ..budget import sweep
from ..nn_cases import CASES, Floats, Ties

LAYERS = [case for case in CASES if not case.is_loss]
MANY = 40                       # inputs: finite differences of second order take seconds beyond


def inputs(case):
    drawn = nn_cases.numbers(case)
    return len(leaves([list(drawn.state.values()), drawn.inputs]))


def model(case):
    """The layer with its weights drawn, in the mode of the case."""
    made = nn_cases.layer(case)
    made.load_state_dict(nn_cases.numbers(case).state)
    return made


def off_ties(case):
    """The case with other numbers for those that tie: there a slope is a convention, nothing to prove."""
    return case._replace(inputs=[Floats(*spec) if isinstance(spec, Ties) else spec for spec in case.inputs])


def weighed(outputs):
    """One Value: outputs, a float where nothing depends on the inputs, times numbers of their own."""
    rng = random.Random(0)
    return dot(leaves(outputs), [rng.uniform(-1, 1) for _ in leaves(outputs)])


every_layer = pytest.mark.parametrize("case", LAYERS, ids=str)


# Derivatives ---------------------------------------------------------------------------------------------------

@sweep(7)
@pytest.mark.parametrize("case", [pytest.param(case, id=str(case), marks=[pytest.mark.slow] * (inputs(case) > MANY))
                                  for case in map(off_ties, CASES)])
def test_gradcheck(case):
    """First and second derivatives by all parameters and inputs."""
    xs = nn_cases.numbers(case).inputs
    if case.is_loss:
        assert gradcheck(lambda x: weighed(getattr(nn, case.name)(x, *xs[1:], **case.call)), xs[0])
    elif case.name == "Embedding":
        assert gradcheck(lambda m: weighed(m(xs[0])), model(case))
    else:
        assert gradcheck(lambda m, *given: weighed(m(*given, **case.call)), model(case), *xs)


def test_gradcheck_finds_a_layer_that_cuts_the_graph():
    class Cut(nn.Linear):
        def forward(self, x):
            return [y * self.bias[0].data for y in super().forward(x)]
    with pytest.raises(AssertionError, match="bias"):
        gradcheck(lambda m, x: weighed(m(x)), Cut(2, 2), [1.0, 2.0])


# Saving and loading --------------------------------------------------------------------------------------------

@every_layer
def test_state_round_trip(case):
    """A twin that is given the state computes the same; the state is plain numbers, a copy."""
    first, twin = model(case), nn_cases.layer(case)
    xs = nn_cases.numbers(case).inputs
    state = first.state_dict()
    twin.load_state_dict(state)
    assert twin.state_dict() == state
    assert all(type(x) is float for x in leaves(list(state.values())))
    assert nn_cases.data(twin(*xs, **case.call)) == nn_cases.data(first(*xs, **case.call))
    for p in first.parameters():
        p.data += 1
    assert twin.state_dict() == first.state_dict() if not first.parameters() else state != first.state_dict()


@every_layer
def test_the_print_counts_parameters(case):
    made = model(case)
    assert repr(made).startswith(f"{case.name}(") and f"# {len(made.parameters())} parameters" in repr(made)


# Modes ---------------------------------------------------------------------------------------------------------

@given(st.floats(0, 1), st.integers())
def test_dropout_drops_a_share_and_scales_the_rest(p, seed):
    drop = nn.Dropout(p, generator=random.Random(seed))
    found = drop([1.0] * 400)
    assert set(found) <= {0.0, 1 / (1 - p) if p < 1 else 0.0}
    assert abs(found.count(0.0) / 400 - p) < 0.15                       # six standard deviations
    assert nn.Dropout(p, generator=random.Random(seed))([1.0] * 400) == found
    assert drop.eval()([3.0, [2.0]]) == [3.0, [2.0]]


@pytest.mark.parametrize("layer", [nn.Dropout(), nn.RReLU()])
def test_chance_comes_from_python_s_generator(layer):
    random.seed(5)
    first = layer([-1.0] * 20)
    assert layer([-1.0] * 20) != first
    random.seed(5)
    assert layer([-1.0] * 20) == first


def test_dropout_passes_gradients_to_what_it_kept():
    xs = [Value(1.0) for _ in range(20)]
    ys = nn.Dropout(0.5, generator=random.Random(1))(xs)
    mg.sum(ys).backward()
    assert [x.grad for x in xs] == [y.data for y in ys] and {x.grad for x in xs} == {0.0, 2.0}


def test_rrelu_draws_a_slope_for_each_number():
    ys = nn.RReLU(0.2, 0.4, generator=random.Random(1))([-1.0] * 50 + [2.0])
    assert ys[-1] == 2.0 and len(set(ys)) == 51 and all(-0.4 <= y <= -0.2 for y in ys[:-1])
    assert nn.RReLU(0.2, 0.4).eval()([-1.0]) == [pytest.approx(-0.3)]


def test_batch_norm_learns_its_statistics_only_while_training():
    norm = nn.BatchNorm1d(1, momentum=0.5)
    norm([[1.0], [3.0]])
    state = {"weight": [1.0], "bias": [0.0], "running_mean": [1.0], "running_var": [1.5], "num_batches_tracked": 1.0}
    assert norm.state_dict() == state
    norm.eval()([[7.0], [8.0]])
    assert norm.state_dict() == state
    assert [n for n, _ in norm.named_parameters()] == ["weight", "bias"]


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=6, unique=True))
def test_batch_norm_gives_mean_0_and_variance_below_1(xs):
    ys = [y.data for y, in nn.BatchNorm1d(1)([[x] for x in xs])]
    assert sum(ys) == pytest.approx(0, abs=1e-9) and sum(y * y for y in ys) / len(ys) <= 1 + 1e-9


def test_train_and_eval_reach_what_is_within():
    outer = nn.Sequential(nn.Residual(nn.Dropout(1.0)), nn.ModuleList([nn.Dropout()]))
    inner = [m for _, m in outer.eval().named_modules()]
    assert len(inner) == 5 and not any(m.training for m in inner)
    assert all(m.training for _, m in outer.train().named_modules())


# One at a time -------------------------------------------------------------------------------------------------

def test_a_linear_unit_is_one_node_or_products_and_a_sum():
    fused, spelled = nn.Linear(3, 2), nn.Linear(3, 2, fused=False)
    spelled.load_state_dict(fused.state_dict())
    one, many = fused([1.0, 2.0, 3.0]), spelled([1.0, 2.0, 3.0])
    assert [y.data for y in one] == pytest.approx([y.data for y in many], rel=1e-15)
    assert [v.op.name for v in tape(one[0]) if v.op] == ["dot"]
    assert [v.op.name for v in tape(many[0]) if v.op] == ["mul"] * 3 + ["sum"]


def test_a_convolution_computes_no_product_with_padding():
    """3 x 3 on one pixel with padding 1: one tap of nine lies on an input."""
    layer = nn.Conv2d(1, 1, 3, padding=1)
    assert len(layer([[[1.0]]])[0][0][0].args) == 2 * (1 + 1)           # a product, and the bias times 1
    assert layer([[[1.0]]])[0][0][0].args[0] is layer.weight[0][0][1][1]


def test_max_pool_gives_nan_on_and_a_tie_to_the_first():
    xs = [Value(1.0), Value(1.0), Value(0.0)]
    y = nn.MaxPool1d(3)([xs])[0][0]
    y.backward()
    assert [x.grad for x in xs] == [1.0, 0.0, 0.0]
    for window in ([float("nan"), 1.0], [1.0, float("nan")]):
        found = nn.MaxPool1d(2)([window])[0][0]
        assert found != found


def test_an_index_that_is_a_value_is_recorded():
    words, i = nn.Embedding(3, 2), Value(1)
    rows = words([i, 2])
    assert [v.data for v in rows[0]] == [v.data for v in words.weight[1]] and rows[1][0] is words.weight[2][0]
    assert i in tape(rows[0][0])
    rows[0][1].backward()
    assert [row[1].grad for row in words.weight] == [0.0, 1.0, 0.0]


def test_causal_attention_does_not_see_what_comes_after():
    layer, x = nn.MultiheadAttention(4, 2), nn_cases.each_value([[0.1 * i * j for j in range(4)] for i in range(3)])
    output, weights = layer(x, x, x, is_causal=True)
    assert [[w == 0.0 for w in row] for row in weights] == [[False, True, True], [False, False, True], [False] * 3]
    assert not set(x[2]) & set(tape(*output[1])) and set(x[2]) <= set(tape(*output[2]))


def test_a_detached_state_ends_the_way_back():
    """Truncated backpropagation: the gradient is that of the last chunk alone, and the first graph is not kept."""
    for layer in (nn.RNN(1, 2), nn.LSTM(1, 2)):
        _, state = layer([[1.0], [2.0]])
        cut = nn.detached(state)
        assert nn_cases.data(cut) == nn_cases.data(state) and all(v.op is None for v in leaves(cut))
        layer([[3.0]], cut)[0][0][0].backward()
        alone = [p.grad for p in layer.parameters()]
        layer.zero_grad()
        layer([[3.0]], state)[0][0][0].backward()
        assert alone != [p.grad for p in layer.parameters()]


def test_nodes_are_grouped_by_module_layer_and_time():
    class Net(nn.Module):
        def __init__(self):
            self.memory, self.head = nn.GRU(1, 1), nn.Linear(1, 1)

        def forward(self, x):
            return self.head(self.memory(x)[0][-1])[0]
    assert {v.scope for v in tape(Net()([[1.0], [2.0]])) if v.op} == {"memory.layer0.t0", "memory.layer0.t1", "head"}


def test_a_list_of_modules_or_none():
    """After an error nothing has been added."""
    layers = nn.ModuleList([nn.ReLU()])
    with pytest.raises(TypeError):
        layers.extend([nn.ReLU(), 1.0])
    assert len(layers) == 1
    layers[0] = nn.Tanh()
    assert repr(layers[0]).startswith("Tanh") and len(layers.extend([nn.ReLU()])) == 2
    named = nn.ModuleDict({"a": nn.ReLU()})
    with pytest.raises(TypeError):
        named.update({"b": nn.ReLU(), "a": None})
    assert list(named.items()) == [("a", named["a"])]
    with pytest.raises(KeyError):
        del named["b"]


def test_padding_has_no_gradient_by_a_plain_index_or_a_recorded_one():
    words = nn.Embedding(3, 1, padding_idx=-1)
    assert words.weight[2][0].data == 0.0
    words.weight[2][0].data = 5.0                                       # as a state that is loaded may have it
    found = words([0, 2, Value(2), Value(1)])
    assert found[1][0].data == found[2][0].data == 5.0
    mg.sum([row[0] for row in found]).backward()
    assert [row[0].grad for row in words.weight] == [1.0, 1.0, 0.0]


@pytest.mark.parametrize("layer", [nn.RNN(2, 3, 2, dropout=0.5), nn.LSTM(2, 3, 2, dropout=0.5),
                                   nn.MultiheadAttention(2, 1, dropout=0.5), nn.TransformerEncoderLayer(2, 1, 2)])
def test_dropout_within_a_layer_is_of_training_only(layer):
    x = [[1.0, 2.0], [3.0, 4.0]]
    args = [x] * 3 if isinstance(layer, nn.MultiheadAttention) else [x]

    def numbers():
        return nn_cases.data([part for part in nn_cases.parts(layer(*args))])
    random.seed(1)
    first = numbers()
    assert any(numbers() != first for _ in range(9))
    random.seed(1)
    assert numbers() == first
    layer.eval()
    assert numbers() == numbers()


def test_dropout_between_layers_leaves_the_last_one_alone():
    """torch: all of the first layer dropped, the last layer sees zeros."""
    with pytest.warns(UserWarning, match="between layers, and there is one"):
        alone = nn.GRU(1, 2, dropout=1.0)
    assert any(v.data for v in alone([[1.0]])[0][0])
    layer = nn.GRU(1, 2, 2, dropout=1.0)
    assert nn_cases.data(layer([[1.0]])[0]) == nn_cases.data(layer([[7.0]])[0])


def test_a_float_mask_may_be_learned():
    x, bias = [[1.0, 2.0], [3.0, 4.0]], [[Value(0.5), Value(-1.0)], [Value(0.0), Value(2.0)]]
    layer = nn.MultiheadAttention(2, 1)
    assert gradcheck(lambda mask: weighed(layer(x, x, x, attn_mask=mask)[0]), bias)


# What is refused -----------------------------------------------------------------------------------------------

IMAGE = [[[1.0, 2.0], [3.0, 4.0]]]
RAGGED = [[1.0, 2.0], [3.0]]
X = [[1.0, 2.0]]
REFUSED = [
    (nn.Linear(2, 1), ([1.0, 2.0, 3.0],), "Linear: expected shape (*, 2), got (3,)"),
    (nn.Linear(2, 1), (RAGGED,), "Linear: expected shape (*, 2), got ragged"),
    (nn.Linear(2, 1), ([],), "Linear: expected shape (*, 2), got (0,) (empty)"),
    (nn.Conv2d(3, 1, 2), (IMAGE,), "Conv2d: expected shape (3, H, W) or (N, 3, H, W), got (1, 2, 2)"),
    (nn.Conv2d(1, 1, 2), (IMAGE[0],), "Conv2d: expected shape (1, H, W) or (N, 1, H, W), got (2, 2)"),
    (nn.Conv2d(1, 1, 2), ([],), "Conv2d: expected shape (1, H, W) or (N, 1, H, W), got (0,) (empty)"),
    (nn.Conv2d(1, 1, 3), (IMAGE,), "a kernel of 3 does not fit on 2 inputs with padding 0"),
    (nn.Conv1d(2, 1, 1), (RAGGED,), "Conv1d: expected shape (2, L) or (N, 2, L), got ragged"),
    (nn.MaxPool2d(2), (X,), "MaxPool2d: expected shape (C, H, W) or (N, C, H, W), got (1, 2)"),
    (nn.AvgPool1d(3), (X,), "a kernel of 3 does not fit on 2 inputs"),
    (nn.Flatten(), ([1.0],), "Flatten: expected shape (*, any, any), got (1,)"),
    (nn.RNNCell(2, 1), ([1.0],), "RNNCell: expected shape (2,) or (N, 2), got (1,)"),
    (nn.GRUCell(2, 1), ([1.0, 2.0], [0.0, 0.0]), "GRUCell state: expected shape (1,), got (2,)"),
    (nn.LSTMCell(2, 1), ([1.0, 2.0], [0.0]), "LSTMCell: expected the state (h, c), got [0.0]"),
    (nn.LSTM(2, 1), (X, ([[0.0]], [[0.0], [0.0]])), "LSTM state: expected shape (1, 1), got (2, 1)"),
    (nn.GRU(2, 1), ([1.0, 2.0],), "GRU: expected shape (L, 2) or (L, N, 2), got (2,)"),
    (nn.GRU(2, 1, batch_first=True), ([1.0, 2.0],), "GRU: expected shape (L, 2) or (N, L, 2), got (2,)"),
    (nn.MultiheadAttention(2, 1), (X, X, [*X, *X]), "MultiheadAttention: expected shape (1, 2), got (2, 2)"),
    (nn.MultiheadAttention(2, 1), (X, X, X, None, True, [[True]]), "query 0 may look at no key"),
    (nn.MultiheadAttention(2, 1), (X, X, X, [float("-inf")]), "query 0 may look at no key"),
    (nn.MultiheadAttention(2, 1), (X, X, X, None, True, [[True, False]]),
     "attn_mask: expected shape (1, 1) or (1, 1, 1), got (1, 2)"),
    (nn.MultiheadAttention(2, 1), (X, X, X, [False, True]), "key_padding_mask: expected shape (1,), got (2,)"),
    (nn.MultiheadAttention(2, 1), ([X], [X], [X], [[True, False]]), "key_padding_mask: expected shape (1, 1)"),
    (nn.TransformerEncoderLayer(2, 1, 1), ([[1.0]],), "MultiheadAttention: expected shape (L, 2) or (L, N, 2)"),
    (nn.Conv1d(1, 1, 2, dilation=3), ([[1.0] * 3],), "a kernel of 2 with dilation 3 does not fit on 3 inputs"),
    (nn.ConvTranspose1d(1, 1, 2, padding=2), (X,), "a kernel of 2 on 2 inputs with padding 2 has no output"),
    (nn.ConvTranspose2d(2, 1, 2), (IMAGE,), "ConvTranspose2d: expected shape (2, H, W) or (N, 2, H, W)"),
    (nn.GroupNorm(1, 3), (IMAGE,), "GroupNorm: expected shape (N, 3, *), got (1, 2, 2)"),
    (nn.InstanceNorm1d(1), ([[1.0]],), "InstanceNorm1d: expected more than one number a channel"),
    (nn.InstanceNorm1d(2), (X,), "InstanceNorm1d: expected shape (2, L) or (N, 2, L), got (1, 2)"),
    (nn.AdaptiveAvgPool1d(2), ([1.0],), "AdaptiveAvgPool1d: expected shape (C, L) or (N, C, L), got (1,)"),
    (nn.Upsample(2), (X,), "Upsample: expected shape (N, C, L) or (N, C, H, W), got (1, 2)"),
    (nn.Upsample(scale_factor=(2, 2)), ([X],), "Upsample: expected 1 factors as scale_factor, got (2, 2)"),
    (nn.Upsample(scale_factor=0.4), ([X],), "a scale_factor that leaves a part of (2,), got 0.4"),
    (nn.LSTM(2, 2, proj_size=1), (X, ([[0.0]], [[0.0]])), "LSTM state: expected shape (1, 2), got (1, 1)"),
    (nn.GRU(2, 1, bidirectional=True), (X, [[0.0]]), "GRU state: expected shape (2, 1), got (1, 1)"),
    (nn.BatchNorm1d(2), ([1.0, 2.0],), "BatchNorm1d: expected shape (N, 2) or (N, 2, L), got (2,)"),
    (nn.BatchNorm1d(2), (X,), "BatchNorm1d: expected more than one number a channel while training"),
    (nn.BatchNorm2d(1), (IMAGE,), "BatchNorm2d: expected shape (N, 1, H, W), got (1, 2, 2)"),
    (nn.LayerNorm(3), (X,), "LayerNorm: expected shape (*, 3), got (1, 2)"),
    (nn.RMSNorm((2, 2)), (X,), "RMSNorm: expected shape (*, 2, 2), got (1, 2)"),
    (nn.PReLU(2), ([[1.0]],), "PReLU: expected shape (N, 2, *), got (1, 1)"),
    (nn.Softmax(), ([],), "Softmax: expected shape (*, C), got (0,) (empty)"),
    (nn.Residual(nn.Linear(2, 1)), ([1.0, 2.0],), "Residual: expected Modules that keep the shape (2,), got (1,)"),
    (nn.Neuron(2), ([1.0],), "Neuron: expected shape (2,), got (1,)"),
    (nn.MLP(2, [1]), ([1.0],), "Neuron: expected shape (2,), got (1,)"),
    (nn.Perceptron(2), ([1.0],), "Perceptron: expected shape (2,) or (N, 2), got (1,)"),
]


@pytest.mark.parametrize("layer, xs, message", REFUSED, ids=lambda x: None)
def test_a_wrong_shape_is_told_with_the_right_one(layer, xs, message):
    state = layer.state_dict()
    with pytest.raises(ValueError) as error:
        layer(*xs)
    assert message in str(error.value)
    assert layer.state_dict() == state


@pytest.mark.parametrize("make, error, message", [
    (lambda: nn.Linear(0, 1), ValueError, "Linear: expected a whole number from 1 up as in_features, got 0"),
    (lambda: nn.Linear(2, 1.5), ValueError, "as out_features, got 1.5"),
    (lambda: nn.Conv2d(1, 1, (2, 2, 2)), ValueError, "as kernel_size, or a tuple of 2, got (2, 2, 2)"),
    (lambda: nn.Conv1d(1, 1, 2, stride=0), ValueError, "Conv1d: expected a whole number from 1 up as stride, got 0"),
    (lambda: nn.Conv1d(1, 1, 2, padding=-1), ValueError, "from 0 up as padding, got -1"),
    (lambda: nn.MaxPool1d(2, padding=2), ValueError, "padding of at most half the kernel (2,), got (2,)"),
    (lambda: nn.Flatten(-1), ValueError, "start_dim from 0 up, got -1"),
    (lambda: nn.RNN(1, 1, nonlinearity="sin"), ValueError, "RNN: expected nonlinearity 'tanh' or 'relu', got 'sin'"),
    (lambda: nn.LSTM(1, 1, num_layers=0), ValueError, "LSTM: expected a whole number from 1 up as num_layers, got 0"),
    (lambda: nn.MultiheadAttention(3, 2), ValueError, "embed_dim to be a multiple of num_heads, got 3 and 2"),
    (lambda: nn.Dropout(1.5), ValueError, "Dropout: expected a probability p from 0 to 1, got 1.5"),
    (lambda: nn.RReLU(0.5, 0.1), ValueError, "RReLU: expected lower up to upper, got 0.5 and 0.1"),
    (lambda: nn.Hardtanh(1.0, 1.0), ValueError, "Hardtanh: expected min_val below max_val, got 1.0 and 1.0"),
    (lambda: nn.GELU("exact"), ValueError, "GELU: expected approximate='none' or 'tanh', got 'exact'"),
    (lambda: nn.Sequential([]), TypeError, "Sequential: expected Modules, got [] (list)"),
    (lambda: nn.Linear(2, 1)("ab"), TypeError, "as nested lists of numbers, got 'ab' (str)"),
    (lambda: nn.Linear(1, 1)(["a"]), TypeError, "expected a number or a Value, got 'a' (str)"),
    (lambda: nn.ReLU()([None]), TypeError, "expected a number or a Value, got None"),
    (lambda: nn.Embedding(2, 1)([2]), IndexError, "Embedding: expected whole numbers from 0 to 1 as indices, got 2"),
    (lambda: nn.Embedding(2, 1)(0.5), IndexError, "from 0 to 1 as indices, got 0.5"),
    (lambda: nn.MultiheadAttention(2, 1)(X, X, X, attn_mask=[[1]]), TypeError,
     "attn_mask: expected rows of bools, True where a query may not look, or of floats, which are added to its scores; "
     "got 1 (int)"),
    (lambda: nn.MultiheadAttention(2, 1)(X, [*X, *X], [*X, *X], [True, 0.5]), TypeError, "got True (bool)"),
    (lambda: nn.MultiheadAttention(2, 1)(X, X, X, True), TypeError, "key_padding_mask: expected shape (1,) as nested"),
    (lambda: nn.MultiheadAttention(2, 1, True), TypeError, "expected a number from 0 to 1 as dropout, got True"),
    (lambda: nn.TransformerEncoderLayer(2, 1, activation="tanh"), ValueError, "expected activation 'relu', 'gelu'"),
    (lambda: nn.Embedding(2, 1, padding_idx=2), ValueError, "from -2 to 1 as padding_idx, or None, got 2"),
    (lambda: nn.Embedding(2, 1, padding_idx=True), ValueError, "as padding_idx, or None, got True"),
    (lambda: nn.Conv1d(2, 3, 1, groups=2), ValueError, "channels that are multiples of groups=2, got in_channels=2"),
    (lambda: nn.Conv1d(1, 1, 2, padding="full"), ValueError, "expected padding 'valid', 'same' or a size, got 'full'"),
    (lambda: nn.Conv2d(1, 1, 2, stride=2, padding="same"), ValueError, "a stride of 1 with padding='same', got (2, 2)"),
    (lambda: nn.Conv2d(1, 1, 2, dilation=0), ValueError, "Conv2d: expected a whole number from 1 up as dilation"),
    (lambda: nn.ConvTranspose1d(1, 1, 2, output_padding=1), ValueError, "expected output_padding below stride (1,) or"),
    (lambda: nn.GroupNorm(2, 3), ValueError, "num_channels to be a multiple of num_groups, got 3 and 2"),
    (lambda: nn.InstanceNorm1d(1, momentum=None), TypeError, "expected a number as momentum, got None"),
    (lambda: nn.AdaptiveAvgPool2d(0), ValueError, "AdaptiveAvgPool2d: expected a whole number from 1 up"),
    (lambda: nn.AdaptiveAvgPool2d((1, 2, 3)), ValueError, "as output_size, or a tuple of 2, got"),
    (nn.Upsample, ValueError, "Upsample: expected one of size and scale_factor, got None and None"),
    (lambda: nn.Upsample(2, mode="bilinear"), ValueError, "Upsample: expected mode 'nearest', got 'bilinear'"),
    (lambda: nn.Upsample(scale_factor=-1), ValueError, "Upsample: expected a positive scale_factor, got -1"),
    (lambda: nn.LSTM(1, 2, proj_size=2), ValueError, "from 0 to below hidden_size as proj_size, got 2"),
    (lambda: nn.GRU(1, 1, 2, dropout=1.5), ValueError, "GRU: expected a probability dropout from 0 to 1, got 1.5"),
    (lambda: nn.RNN(1, 1, 2, dropout="half"), TypeError, "RNN: expected a number from 0 to 1 as dropout, got 'half'"),
    (lambda: nn.ModuleDict({"a.b": nn.ReLU()}), KeyError, "ModuleDict: expected a name without dots"),
    (lambda: nn.ModuleDict({"forward": nn.ReLU()}), KeyError, "that is no attribute of it, got 'forward'"),
    (lambda: nn.ModuleDict({"a": 1.0}), TypeError, "ModuleDict: expected Modules, got 1.0 (float)"),
    (lambda: nn.ModuleDict([(1, nn.ReLU())]), TypeError, "expected text as the name of a Module, got 1"),
    (lambda: nn.ParameterList([1.0]), TypeError, "ParameterList: expected a Value or a nested list of Values"),
    (lambda: nn.ParameterList([Value(1.0) * 2]), TypeError, "that no operation made, got"),
    (lambda: nn.ParameterList([nn.ReLU()]), TypeError, "ParameterList: expected a Value or a nested list"),
    (lambda: nn.Module()(1.0), NotImplementedError, "Module does not define forward"),
])
def test_bad_arguments_are_told(make, error, message):
    with pytest.raises(error) as found:
        make()
    assert message in str(found.value)
