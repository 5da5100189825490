"""Layers and losses with numbers for them, run by microgradx and by torch: what the two are compared on.

    >>> case = Case("Linear", (2, 1), [Floats(3, 2)])
    >>> found = ours(case)
    >>> len(found["outputs"]), sorted(found["gradients"])
    (3, ['bias', 'input 0', 'weight'])

All numbers come from the case itself, drawn by Python's generator seeded with it. So torch's results, a few of which
are stored in torch_numbers.json, are all that has to be kept.
"""
import random
from math import inf
from typing import Any, NamedTuple

from microgradx import Value, dot, nn
from microgradx.nesting import leaves, rebuild, shape
from microgradx.nn.shapes import each, nested


class Floats(tuple):
    """An input of these sizes, of numbers from -2 to 2."""

    def __new__(cls, *sizes):
        return super().__new__(cls, sizes)

    def __repr__(self):
        return f"{type(self).__name__}{tuple(self)}"

    def draw(self, rng):
        return rng.uniform(-2, 2)

    def made(self, rng):
        """The nested list."""
        return nested(self, lambda: self.draw(rng))


class Ties(Floats):
    """-1, 0 and 1, so that most windows have several largest elements."""

    def draw(self, rng):
        return rng.choice([-1.0, 0.0, 1.0])


class Chances(Floats):
    """Probabilities."""

    def draw(self, rng):
        return rng.uniform(0.01, 0.99)


class Signs(Floats):
    """-1 or 1."""

    def draw(self, rng):
        return rng.choice([-1.0, 1.0])


class Classes(Floats):
    """0, 1 or 2."""

    def draw(self, rng):
        return rng.randrange(3)


class Gaps(Classes):
    """0, 1, 2, or -100: ignored."""

    def draw(self, rng):
        return rng.choice([0, 1, 2, -100])


class Sides(Floats):
    """0 or 1, as targets."""

    def draw(self, rng):
        return rng.choice([0.0, 1.0])


class Case(NamedTuple):
    """A layer (or a loss, in small letters) of nn, its arguments, its inputs, and options of the call."""

    name: str
    args: tuple
    inputs: list                    # of Floats, or tuples of them: the state (h, c)
    options: dict = {}              # noqa: RUF012
    call: dict = {}                 # noqa: RUF012
    training: bool = True

    def __str__(self):
        options = "".join(f", {k}={v!r}" for k, v in {**self.options, **self.call}.items())
        return f"{self.name}{self.args}{options} on {self.inputs}{'' if self.training else ' in eval()'}"

    @property
    def is_loss(self):
        return self.name[0].islower()


class Numbers(NamedTuple):
    """What a case is run on: parameters and buffers by name, inputs, and d root / d output for each output."""

    state: dict
    inputs: list
    incoming: Any                   # a generator of floats


def numbers(case):
    """The same for the same case, everywhere and always."""
    rng = random.Random(str(case))
    state = {} if case.is_loss else layer(case).state_dict()
    for name, values in state.items():
        if name != "num_batches_tracked":
            low = 0.5 if name == "running_var" else -1.0        # a variance is positive
            state[name] = each(lambda _, low=low: rng.uniform(low, 1.0), values)
    inputs = [tuple(part.made(rng) for part in spec) if type(spec) is tuple else spec.made(rng) for spec in case.inputs]
    return Numbers(state, inputs, iter(lambda: rng.uniform(-1, 1), None))


def layer(case):
    """The layer of microgradx."""
    return getattr(nn, case.name)(*case.args, **case.options).train(case.training)


VECTORS = {"cosine_embedding": 2, "margin_ranking": 2, "triplet_margin": 3}     # inputs of a loss, where more than one


def is_constant(spec, case, i):
    """Is this input not differentiated by: an index, or the target of a loss?"""
    return isinstance(spec, Classes) or (case.is_loss and i >= VECTORS.get(case.name, 1))


# By microgradx -------------------------------------------------------------------------------------------------

def ours(case):
    """Outputs, gradients and buffers by microgradx, each a flat list of floats."""
    drawn = numbers(case)
    inputs = [x if is_constant(spec, case, i) else each_value(x)
              for i, (spec, x) in enumerate(zip(case.inputs, drawn.inputs, strict=True))]
    if case.is_loss:
        outputs, parameters, model = getattr(nn, case.name)(*inputs, **case.call), [], None
    else:
        model = layer(case)
        model.load_state_dict(drawn.state)
        outputs, parameters = model(*inputs, **case.call), model.named_parameters()
    return {
        "shapes": [list(shape(part)) for part in parts(outputs)],
        "outputs": data(outputs),
        "gradients": gradients(outputs, drawn.incoming, {**{f"input {i}": x for i, x in enumerate(inputs)},
                                                         **dict(parameters)}),
        "buffers": buffers(model) if model else {},
    }


def each_value(x):
    """A nested list of floats as one of Values."""
    return rebuild(x, iter(map(Value, leaves(x))))


def parts(outputs):
    """The parts of a result in order: (output, (h, c)) has three; what is None is none."""
    if isinstance(outputs, tuple):
        return [part for inner in outputs for part in parts(inner)]
    return [] if outputs is None else [outputs]


def data(x):
    return [v.data if isinstance(v, Value) else v for v in leaves(x)]


def weighted(case, drawn):
    """A function of a model and all inputs: the outputs of the case, weighed; classes are no inputs."""
    weights = [next(drawn.incoming) for _ in range(400)]

    def f(model, *inputs):
        given = [x if isinstance(spec, Classes) else y for spec, x, y in zip(case.inputs, drawn.inputs, inputs)]
        out = leaves(getattr(nn, case.name)(*given, **case.call) if case.is_loss else model(*given, **case.call))
        return dot(out, weights[:len(out)])
    return f


def gradients(outputs, incoming, inputs):
    """By each input that is made of Values, of the outputs weighed with `incoming`."""
    roots = leaves(outputs)
    (Value(0.0) + dot(roots, [next(incoming) for _ in roots])).backward()         # roots may be constants all
    return {name: [v.grad for v in leaves(x)] for name, x in inputs.items() if isinstance(leaves(x)[0], Value)}


def buffers(model):
    parameters = dict(model.named_parameters())
    return {name: leaves(x) for name, x in model.state_dict().items() if name not in parameters}


# By torch ------------------------------------------------------------------------------------------------------

NAMES = {"bce": "binary_cross_entropy", "bce_with_logits": "binary_cross_entropy_with_logits", "kl_div": "kl_div",
         "cross_entropy": "cross_entropy"}              # of losses; all others end in _loss


def theirs(torch, case):
    """Outputs, gradients and buffers by torch, in the same form. A state that does not fit exactly is refused."""
    drawn = numbers(case)
    inputs = [tuple(tensor(torch, part, False) for part in x) if isinstance(x, tuple)
              else tensor(torch, x, is_constant(spec, case, i))
              for i, (spec, x) in enumerate(zip(case.inputs, drawn.inputs, strict=True))]
    if case.is_loss:
        outputs, parameters, model = torch_loss(torch, case.name)(*inputs, **torch_call(torch, case)), [], None
    else:
        model = torch_layer(torch, case)
        model.load_state_dict({name: torch.tensor(x, dtype=torch.float64) for name, x in drawn.state.items()})
        outputs, parameters = model(*inputs, **torch_call(torch, case)), list(model.named_parameters())
    outputs = parts(outputs)
    incoming = [[next(drawn.incoming) for _ in range(y.numel())] for y in outputs]
    sum((y.flatten() * torch.tensor(g, dtype=torch.float64)).sum() for y, g in zip(outputs, incoming)).backward()
    leaf = {f"input {i}": parts(x) for i, x in enumerate(inputs) if not is_constant(case.inputs[i], case, i)}
    leaf |= {name: [p] for name, p in parameters}
    return {
        "shapes": [list(y.shape) for y in outputs],
        "outputs": [v for y in outputs for v in y.flatten().tolist()],
        "gradients": {name: [v for x in xs for v in grad(torch, x).flatten().tolist()] for name, xs in leaf.items()},
        "buffers": {name: x.flatten().tolist() for name, x in model.named_buffers()} if model else {},
    }


def tensor(torch, x, constant):
    if constant and isinstance(leaves(x)[0], int):
        return torch.tensor(x)
    return torch.tensor(x, dtype=torch.float64, requires_grad=not constant)


def grad(torch, x):
    return torch.zeros_like(x) if x.grad is None else x.grad


def torch_loss(torch, name):
    if name == "hinge":             # torch has none
        return lambda x, t, reduction="mean": getattr(torch.relu(1 - t * x), reduction)()
    return getattr(torch.nn.functional, NAMES.get(name, f"{name}_loss"))


def torch_layer(torch, case):
    options = {**case.options, **({"dim": -1} if case.name.endswith("Softmax") else {})}
    return getattr(torch.nn, case.name)(*case.args, **options).double().train(case.training)


def mask_or_numbers(torch, x):
    return torch.tensor(x, dtype=torch.float64) if leaves(x) else torch.tensor(x)           # bools are no leaves


def torch_call(torch, case):
    """torch takes is_causal only with the mask that says the same."""
    call = {name: mask_or_numbers(torch, x) if isinstance(x, list) else x for name, x in case.call.items()}
    if call.get("is_causal"):
        query, key = case.inputs[:2]
        time = 1 if case.options.get("batch_first") and len(query) == 3 else 0
        call["attn_mask"] = torch.ones(query[time], key[time]).triu(1).bool()
    return call


# The stored ones -----------------------------------------------------------------------------------------------

EVAL = {"training": False}
CASES = [
    Case("Linear", (3, 2), [Floats(3)]),
    Case("Linear", (3, 2), [Floats(2, 1, 3)], {"bias": False}),
    Case("Conv1d", (2, 3, 3), [Floats(2, 5)]),
    Case("Conv1d", (1, 2, 2), [Floats(2, 1, 5)], {"stride": 2, "padding": 2, "bias": False}),
    Case("Conv2d", (2, 2, 3), [Floats(2, 4, 5)], {"padding": 2}),
    Case("Conv2d", (1, 2, (1, 3)), [Floats(2, 1, 3, 5)], {"stride": (2, 1), "padding": (0, 3)}),
    Case("MaxPool1d", (2,), [Ties(2, 5)]),
    Case("MaxPool1d", (3,), [Ties(1, 1, 6)], {"stride": 2, "padding": 1}),
    Case("MaxPool2d", (2,), [Ties(1, 4, 5)]),
    Case("MaxPool2d", ((3, 2),), [Floats(2, 1, 4, 3)], {"stride": 1, "padding": (1, 1)}),
    Case("AvgPool1d", (3,), [Floats(2, 2, 7)], {"stride": 2, "padding": 1}),
    Case("AvgPool2d", (2,), [Floats(1, 4, 5)]),
    Case("AvgPool2d", (3,), [Floats(1, 1, 4, 4)], {"stride": 2, "padding": 1, "count_include_pad": False}),
    Case("Flatten", (), [Floats(2, 2, 3)]),
    Case("Flatten", (0,), [Floats(2, 1, 3)]),
    Case("RNNCell", (3, 2), [Floats(3)]),
    Case("RNNCell", (3, 2), [Floats(2, 3), Floats(2, 2)], {"nonlinearity": "relu", "bias": False}),
    Case("GRUCell", (3, 2), [Floats(3), Floats(2)]),
    Case("GRUCell", (2, 2), [Floats(2, 2)], {"bias": False}),
    Case("LSTMCell", (3, 2), [Floats(3), (Floats(2), Floats(2))]),
    Case("LSTMCell", (2, 1), [Floats(2, 2)]),
    Case("RNN", (2, 2), [Floats(3, 2)], {"num_layers": 2}),
    Case("RNN", (2, 3, 1, "relu"), [Floats(3, 2, 2), Floats(1, 2, 3)]),
    Case("GRU", (2, 2), [Floats(3, 2), Floats(2, 2)], {"num_layers": 2}),
    Case("GRU", (1, 2), [Floats(2, 3, 1)], {"batch_first": True, "bias": False}),
    Case("LSTM", (2, 2), [Floats(3, 1, 2), (Floats(2, 1, 2), Floats(2, 1, 2))], {"num_layers": 2}),
    Case("LSTM", (1, 2), [Floats(4, 1)]),
    Case("Embedding", (3, 2), [Classes(2, 3)]),
    Case("MultiheadAttention", (4, 2), [Floats(2, 4), Floats(3, 4), Floats(3, 4)]),
    Case("MultiheadAttention", (2, 1), [Floats(3, 2, 2)] * 3, {"bias": False}, {"is_causal": True}),
    Case("MultiheadAttention", (4, 4), [Floats(1, 2, 4)] * 3, {"batch_first": True},
         {"attn_mask": [[False, True], [False, False]], "need_weights": False}),
    Case("Dropout", (0.5,), [Floats(3)], **EVAL),
    Case("BatchNorm1d", (2,), [Floats(3, 2)]),
    Case("BatchNorm1d", (2,), [Floats(1, 2, 4)], {"momentum": None, "affine": False}),
    Case("BatchNorm1d", (2,), [Floats(1, 2)], **EVAL),
    Case("BatchNorm2d", (2,), [Floats(2, 2, 1, 3)], {"eps": 0.1, "momentum": 0.3}),
    Case("BatchNorm2d", (1,), [Floats(2, 1, 2, 2)], {"track_running_stats": False}, **EVAL),
    Case("LayerNorm", (3,), [Floats(2, 3)]),
    Case("LayerNorm", ((2, 3),), [Floats(2, 2, 3)], {"bias": False}),
    Case("LayerNorm", (4,), [Floats(4)], {"elementwise_affine": False, "eps": 0.1}),
    Case("RMSNorm", (3,), [Floats(2, 3)]),
    Case("RMSNorm", ((2, 2),), [Floats(2, 2)], {"eps": 0.1, "elementwise_affine": False}),
    *[Case(name, (), [Floats(2, 4)]) for name in (
        "Identity", "ReLU", "LeakyReLU", "ELU", "SELU", "SiLU", "GELU", "Mish", "Sigmoid", "LogSigmoid", "Tanh",
        "Softplus", "Softsign", "Hardtanh", "Softmax", "LogSoftmax", "PReLU")],
    Case("LeakyReLU", (0.3,), [Ties(6)]),
    Case("ELU", (0.5,), [Ties(6)]),
    Case("ReLU", (), [Ties(6)]),
    Case("GELU", (), [Floats(6)], {"approximate": "tanh"}),
    Case("Hardtanh", (-0.5, 1.5), [Floats(6)]),
    Case("PReLU", (2,), [Floats(2, 2, 3)]),
    Case("RReLU", (), [Floats(6)], **EVAL),
    *[Case(name, (), [Floats(2, 3), Floats(2, 3)], call={"reduction": reduction})
      for name in ("mse", "l1", "huber", "hinge") for reduction in ("mean", "sum") if name != "hinge"],
    Case("mse", (), [Floats(2, 3), Floats(2, 3)], call={"reduction": "none"}),
    Case("huber", (), [Floats(6), Floats(6)], call={"delta": 0.5}),
    Case("hinge", (), [Floats(6), Signs(6)]),
    Case("bce", (), [Chances(2, 3), Chances(2, 3)]),
    Case("bce_with_logits", (), [Floats(2, 3), Chances(2, 3)], call={"reduction": "sum"}),
    Case("kl_div", (), [Floats(2, 3), Chances(2, 3)]),
    Case("kl_div", (), [Floats(2, 3), Chances(2, 3)], call={"reduction": "batchmean"}),
    Case("cross_entropy", (), [Floats(3), Classes()]),
    Case("cross_entropy", (), [Floats(4, 3), Classes(4)]),
    Case("cross_entropy", (), [Floats(2, 3), Chances(2, 3)], call={"reduction": "none"}),
    Case("nll", (), [Floats(4, 3), Classes(4)], call={"reduction": "sum"}),
    Case("Conv1d", (2, 4, 2), [Floats(2, 4)], {"dilation": 2, "groups": 2, "padding": "same"}),
    Case("Conv1d", (1, 1, 4), [Floats(2, 1, 5)], {"padding": "same", "dilation": 3}),
    Case("Conv2d", (2, 2, (2, 1)), [Floats(2, 3, 3)],
         {"padding": "valid", "groups": 2, "dilation": (2, 1), "bias": False}),
    Case("ConvTranspose1d", (2, 2, 3), [Floats(2, 3)], {"stride": 2, "padding": 1, "output_padding": 1}),
    Case("ConvTranspose1d", (2, 2, 2), [Floats(2, 2, 3)], {"groups": 2, "dilation": 3, "stride": 2, "bias": False}),
    Case("ConvTranspose2d", (1, 2, (2, 3)), [Floats(1, 2, 2)], {"stride": (3, 1), "padding": (0, 1)}),
    Case("ConvTranspose2d", (2, 4, 1), [Floats(1, 2, 2, 2)], {"groups": 2, "stride": 3, "output_padding": (1, 2)}),
    Case("AdaptiveAvgPool1d", (3,), [Floats(2, 5)]),
    Case("AdaptiveAvgPool2d", ((2, None),), [Floats(2, 1, 3, 3)]),
    Case("AdaptiveAvgPool2d", (4,), [Floats(1, 3, 5)]),
    Case("Upsample", (), [Floats(1, 2, 3)], {"scale_factor": 2}),
    Case("Upsample", ((3, 5),), [Floats(1, 2, 2, 3)]),
    Case("Upsample", (), [Floats(1, 1, 3, 4)], {"scale_factor": (1.5, 0.5)}),
    Case("GroupNorm", (2, 4), [Floats(2, 4, 2)]),
    Case("GroupNorm", (1, 2), [Floats(2, 2)], {"eps": 0.1, "affine": False}),
    Case("InstanceNorm1d", (2,), [Floats(2, 3)]),
    Case("InstanceNorm1d", (2,), [Floats(3, 2, 3)], {"affine": True, "track_running_stats": True, "momentum": 0.3}),
    Case("InstanceNorm2d", (2,), [Floats(1, 2, 2, 2)], {"affine": True}, **EVAL),
    Case("InstanceNorm2d", (1,), [Floats(1, 2, 2)], {"track_running_stats": True}, **EVAL),
    Case("RNN", (1, 2), [Floats(3, 1)], {"bidirectional": True}),
    Case("GRU", (1, 1), [Floats(2, 2, 1), Floats(2, 2, 1)],
         {"num_layers": 2, "batch_first": True, "dropout": 0.5, "bias": False}, **EVAL),
    Case("LSTM", (1, 2), [Floats(2, 1), (Floats(2, 1), Floats(2, 2))],
         {"bidirectional": True, "proj_size": 1, "bias": False}),
    Case("Embedding", (3, 2), [Classes(2, 3)], {"padding_idx": 1}),
    Case("MultiheadAttention", (2, 2), [Floats(1, 2, 2), Floats(3, 2, 2), Floats(3, 2, 2)], {"dropout": 0.5},
         {"key_padding_mask": [[False, True, False], [False, False, True]], "average_attn_weights": False}, **EVAL),
    Case("MultiheadAttention", (2, 1), [Floats(2, 2), Floats(3, 2), Floats(3, 2)], {},
         {"attn_mask": [[0.5, -1.0, -inf], [-inf, 0.0, 2.0]], "key_padding_mask": [0.0, -0.5, 1.5]}),
    Case("MultiheadAttention", (2, 2), [Floats(1, 2, 2)] * 3, {"batch_first": True},
         {"attn_mask": [[[False, True], [False, False]], [[False, False], [True, False]]]}),
    Case("TransformerEncoderLayer", (2, 2, 1), [Floats(2, 2)], {"dropout": 0.0}),
    Case("TransformerEncoderLayer", (2, 1, 1), [Floats(2, 2, 2)],
         {"batch_first": True, "norm_first": True, "activation": "gelu", "bias": False},
         {"src_key_padding_mask": [[False, False], [False, True]]}, **EVAL),
    Case("TransformerEncoderLayer", (2, 1, 1), [Floats(2, 1, 2)], {"layer_norm_eps": 0.1, "bias": False},
         {"src_mask": [[0.0, -inf], [0.5, 0.0]]}, **EVAL),
    Case("cross_entropy", (), [Floats(2, 3, 2), Classes(2, 2)], call={"weight": [0.5, 2.0, 0.0]}),
    Case("cross_entropy", (), [Floats(2, 4, 1, 2), Gaps(2, 1, 2)], call={"label_smoothing": 0.2}),
    Case("cross_entropy", (), [Floats(4, 3), Classes(4)],
         call={"weight": [0.5, 2.0, 1.5], "label_smoothing": 0.3, "ignore_index": 1}),
    Case("cross_entropy", (), [Floats(2, 3, 2), Chances(2, 3, 2)],
         call={"weight": [0.5, 2.0, 1.5], "label_smoothing": 0.3}),
    Case("nll", (), [Floats(2, 3, 2), Gaps(2, 2)], call={"weight": [0.5, 2.0, 1.5], "reduction": "none"}),
    Case("bce", (), [Chances(2, 3), Sides(2, 3)], call={"weight": [0.5, 2.0, 0.0]}),
    Case("bce_with_logits", (), [Floats(2, 3), Sides(2, 3)], call={"pos_weight": [0.5, 2.0, 3.0]}),
    Case("bce_with_logits", (), [Floats(2, 3), Chances(2, 3)],
         call={"pos_weight": [0.5, 2.0, 3.0], "weight": [[2.0], [0.5]], "reduction": "none"}),
    Case("smooth_l1", (), [Floats(6), Floats(6)], call={"beta": 0.5}),
    Case("smooth_l1", (), [Ties(6), Ties(6)], call={"beta": 0.0, "reduction": "sum"}),
    Case("hinge_embedding", (), [Floats(2, 3), Signs(2, 3)]),
    Case("hinge_embedding", (), [Ties(9), Signs(9)], call={"reduction": "sum"}),
    Case("margin_ranking", (), [Ties(9), Ties(9), Signs(9)], call={"margin": 1.0}),
    Case("margin_ranking", (), [Floats(2, 3), Floats(2, 3), Signs(2, 3)], call={"reduction": "none"}),
    Case("multi_margin", (), [Ties(3), Classes()]),
    Case("multi_margin", (), [Floats(3, 4), Classes(3)],
         call={"p": 2, "margin": 0.5, "weight": [0.5, 2.0, 3.0, 1.0], "reduction": "none"}),
    Case("cosine_embedding", (), [Floats(3), Floats(3), Signs()], call={"margin": 0.25}),
    Case("cosine_embedding", (), [Floats(4, 3), Ties(4, 3), Signs(4)], call={"reduction": "none"}),
    Case("triplet_margin", (), [Floats(3), Floats(3), Floats(3)]),
    Case("triplet_margin", (), [Floats(3, 2)] * 3, call={"p": 3.0, "swap": True, "reduction": "none"}),
    Case("triplet_margin", (), [Ties(4, 3)] * 3, call={"p": 1.0, "margin": 2.0, "eps": 0.25}),
]
