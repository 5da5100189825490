"""Layers and losses that Hypothesis draws, with options, shapes and masks: for comparison with torch.

    >>> Case("Linear", (2, 1), [Floats(3, 2)]).name in {"Linear", "RNN"}, len(DRAWN) > 10
    (True, True)
"""
import itertools
import math

from hypothesis import strategies as st

from microgradx.nesting import rebuild
from microgradx.nn.shapes import nested, within

from .nn_cases import Case, Chances, Classes, Floats, Gaps, Signs, Ties


def sizes(low, high, count=1):
    return st.tuples(*[st.integers(low, high)] * count)


SMALL = st.integers(1, 4)
BATCH = st.sampled_from([(), (1,), (2,), (3,)])


@st.composite
def convolutions(draw):
    """Padding up to beyond the kernel, strides that leave inputs out, a batch or none."""
    axes = draw(st.integers(1, 2))
    kernel, stride, padding = draw(sizes(1, 3, axes)), draw(sizes(1, 4, axes)), draw(sizes(0, 5, axes))
    lengths = tuple(draw(st.integers(max(1, k - 2 * p), 6)) for k, p in zip(kernel, padding))
    groups, batch = draw(st.integers(1, 2)), draw(BATCH)
    channels, out = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    options = {"stride": stride, "padding": padding, "groups": groups, "bias": draw(st.booleans())}
    if draw(st.booleans()):
        options["dilation"] = draw(sizes(1, 3, axes))
        lengths = tuple(max(n, d * (k - 1) + 1 - 2 * p)
                        for n, d, k, p in zip(lengths, options["dilation"], kernel, padding))
    if draw(st.booleans()):
        options |= {"padding": "same", "stride": 1}
    return Case(f"Conv{axes}d", (channels, out, kernel), [Floats(*batch, channels, *lengths)], options)


@st.composite
def transposed(draw):
    """Strides beyond the kernel, padding that cuts off outputs, extra outputs at the end."""
    axes, groups, batch = draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(BATCH)
    kernel, stride, dilation, lengths = (draw(sizes(1, 3, axes)) for _ in range(4))
    reach = [(n - 1) * s + d * (k - 1) for n, s, d, k in zip(lengths, stride, dilation, kernel)]
    padding = tuple(draw(st.integers(0, n // 2)) for n in reach)
    extra = tuple(draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation))
    channels, out = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    return Case(f"ConvTranspose{axes}d", (channels, out, kernel), [Floats(*batch, channels, *lengths)],
                {"stride": stride, "padding": padding, "output_padding": extra, "groups": groups, "dilation": dilation,
                 "bias": draw(st.booleans())})


@st.composite
def resizings(draw):
    axes, batch = draw(st.integers(1, 2)), draw(BATCH)
    lengths = draw(sizes(1, 6, axes))
    if draw(st.booleans()):
        return Case(f"AdaptiveAvgPool{axes}d", (draw(sizes(1, 7, axes)),), [Floats(*batch, 2, *lengths)])
    size = draw(sizes(1, 9, axes))
    options = draw(st.sampled_from([{"size": size}, {"scale_factor": size}, {"scale_factor": 1.5}]))
    return Case("Upsample", (), [Floats(2, 1, *lengths)], options)


@st.composite
def sample_norms(draw):
    """GroupNorm, InstanceNorm: in training and not, with running statistics and without."""
    axes, batch, places = draw(st.integers(1, 2)), draw(BATCH), draw(sizes(2, 3, 2))
    if draw(st.booleans()):
        groups = draw(st.integers(1, 3))
        channels = groups * draw(st.integers(1, 2))
        return Case("GroupNorm", (groups, channels), [Floats(draw(st.integers(1, 3)), channels, 2, *places[axes:])],
                    {"affine": draw(st.booleans()), "eps": draw(st.sampled_from([1e-5, 0.1]))})
    options = {"affine": draw(st.booleans()), "track_running_stats": draw(st.booleans()),
               "momentum": draw(st.sampled_from([0.1, 0.5]))}
    return Case(f"InstanceNorm{axes}d", (2,), [Floats(*batch, 2, *places[:axes])], options,
                training=draw(st.booleans()))


@st.composite
def pools(draw):
    axes, kind = draw(st.integers(1, 2)), draw(st.sampled_from(["Max", "Avg"]))
    kernel, stride = draw(sizes(1, 4, axes)), draw(st.none() | sizes(1, 4, axes))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    lengths = tuple(draw(st.integers(max(1, k - 2 * p), 6)) for k, p in zip(kernel, padding))
    options = {"count_include_pad": draw(st.booleans())} if kind == "Avg" else {}
    inputs = [draw(st.sampled_from([Floats, Ties]))(*draw(BATCH), draw(st.integers(1, 2)), *lengths)]
    if stride is not None:
        options["stride"] = stride
    return Case(f"{kind}Pool{axes}d", (kernel,), inputs, {**options, "padding": padding})


@st.composite
def linears(draw):
    n, leading = draw(SMALL), draw(st.lists(st.integers(1, 3), max_size=3))
    return Case("Linear", (n, draw(SMALL)), [Floats(*leading, n)], {"bias": draw(st.booleans())})


@st.composite
def cells(draw):
    name, n, hidden, batch = draw(st.sampled_from(["RNN", "GRU", "LSTM"])), draw(SMALL), draw(SMALL), draw(BATCH)
    states = [] if draw(st.booleans()) else [state(name, (*batch, hidden))]
    return Case(f"{name}Cell", (n, hidden), [Floats(*batch, n), *states], {"bias": draw(st.booleans())})


@st.composite
def sequences(draw):
    name, n, hidden, batch = draw(st.sampled_from(["RNN", "GRU", "LSTM"])), draw(SMALL), draw(SMALL), draw(BATCH)
    length, layers, first = draw(SMALL), draw(st.integers(1, 3)), draw(st.booleans())
    inputs, ways = [Floats(*((*batch, length) if first else (length, *batch)), n)], draw(st.integers(1, 2))
    options = {"num_layers": layers, "bias": draw(st.booleans()), "batch_first": first, "bidirectional": ways == 2}
    if name == "LSTM" and hidden > 1 and draw(st.booleans()):
        options["proj_size"] = draw(st.integers(1, hidden - 1))
    if draw(st.booleans()):
        inputs.append(state(name, (layers * ways, *batch, hidden), options.get("proj_size")))
    return Case(name, (n, hidden), inputs, options)


def state(name, shape, shown=None):
    return (Floats(*shape[:-1], shown or shape[-1]), Floats(*shape)) if name == "LSTM" else Floats(*shape)


@st.composite
def attentions(draw):
    heads, size, batch = draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(BATCH)
    queries, keys, first = draw(SMALL), draw(SMALL), draw(st.booleans())
    q, k = [Floats(*((*batch, n) if first else (n, *batch)), heads * size) for n in (queries, keys)]
    call = draw(st.sampled_from([{}, {"is_causal": True}, {"need_weights": False}, {"average_attn_weights": False}]))
    if not call.get("is_causal"):
        call |= draw(masks((queries, keys), "attn_mask"))
    call |= draw(masks((*batch, keys), "key_padding_mask"))
    return Case("MultiheadAttention", (heads * size, heads), [q, k, k],
                {"bias": draw(st.booleans()), "batch_first": first}, call)


@st.composite
def masks(draw, shape, name):
    """Bools or floats, hiding some keys but never the first; none half of the time."""
    kind = draw(st.sampled_from([None, bool, float]))
    if kind is None:
        return {}
    hidden = draw(st.lists(st.booleans(), min_size=64, max_size=64))
    entry = {bool: lambda x: x, float: lambda x: -math.inf if x else draw(st.floats(-2, 2))}[kind]
    places = itertools.count()

    def row(n):
        return [entry(j > 0 and hidden[next(places) % 64]) for j in range(n)]
    return {name: within(lambda _: row(shape[-1]), nested(shape, float), len(shape) - 1)}


@st.composite
def encoders(draw):
    heads, batch, length = draw(st.integers(1, 2)), draw(BATCH), draw(SMALL)
    width, first = heads * draw(st.integers(1, 2)) + heads, draw(st.booleans())
    options = {"batch_first": first, "norm_first": draw(st.booleans()),
               "activation": draw(st.sampled_from(["relu", "gelu"])), "bias": draw(st.booleans()),
               "layer_norm_eps": 0.1}
    call = {**draw(masks((length, length), "src_mask")), **draw(masks((*batch, length), "src_key_padding_mask"))}
    return Case("TransformerEncoderLayer", (width, heads, draw(SMALL)),
                [Floats(*((*batch, length) if first else (length, *batch)), width)], options, call, training=False)


@st.composite
def norms(draw):
    last = draw(sizes(1, 3, draw(st.integers(1, 3))))
    name = draw(st.sampled_from(["LayerNorm", "RMSNorm"]))
    options = {"elementwise_affine": draw(st.booleans()), "eps": draw(st.sampled_from([1e-5, 0.1]))}
    return Case(name, (last,), [Floats(*draw(BATCH), *last)], options)


@st.composite
def batch_norms(draw):
    axes, channels = draw(st.integers(0, 2)), draw(st.integers(1, 3))
    training, places = draw(st.booleans()), draw(sizes(1, 3, axes))
    samples = draw(st.integers(1 if (places and max(places) > 1) or not training else 2, 3))
    options = {"affine": draw(st.booleans()), "momentum": draw(st.sampled_from([None, 0.1, 0.5])),
               "track_running_stats": draw(st.booleans())}
    if not training and not options["track_running_stats"]:
        samples += 1
    return Case("BatchNorm2d" if axes == 2 else "BatchNorm1d", (channels,), [Floats(samples, channels, *places)],
                options, training=training)


@st.composite
def losses(draw):
    shape, reduction = draw(st.lists(SMALL, max_size=3)), draw(st.sampled_from(["mean", "sum", "none"]))
    name, inputs, target = draw(st.sampled_from([
        ("mse", Floats, Floats), ("l1", Floats, Floats), ("huber", Floats, Floats), ("smooth_l1", Floats, Floats),
        ("bce", Chances, Chances), ("bce_with_logits", Floats, Chances), ("kl_div", Floats, Chances),
        ("hinge", Floats, Signs), ("hinge_embedding", Floats, Signs)]))
    call = {"reduction": reduction}
    if name == "hinge" and reduction == "none":
        call["reduction"] = "sum"
    if name in ("smooth_l1", "hinge_embedding"):
        call["beta" if name == "smooth_l1" else "margin"] = draw(st.sampled_from([0.0, 0.5, 2.0]))
    for option in draw(st.sets(st.sampled_from(["weight", "pos_weight"]))) if shape and name.startswith("bce") else ():
        if option == "weight" or name == "bce_with_logits":
            call[option] = numbers(draw, draw(st.sampled_from([shape[k:] for k in range(len(shape) + 1)])))
    return Case(name, (), [inputs(*shape), target(*shape)], call=call)


@st.composite
def classes(draw):
    """cross_entropy and nll with all their options; targets that are ignored or probabilities."""
    name, batch, classes = draw(st.sampled_from(["cross_entropy", "nll"])), draw(BATCH), draw(st.integers(3, 5))
    places = draw(sizes(1, 3, draw(st.integers(0, 2)))) if batch else ()
    target = draw(st.sampled_from([Classes, Gaps, *[Chances] * (name == "cross_entropy")]))
    call = {"reduction": draw(st.sampled_from(["mean", "sum", "none"]))}
    if draw(st.booleans()):
        call["weight"] = numbers(draw, (classes,))
    if target is not Chances and draw(st.booleans()):
        call["ignore_index"] = draw(st.sampled_from([-100, 0, 2]))
        target = Classes if call["ignore_index"] >= 0 else target
    if name == "cross_entropy" and draw(st.booleans()):
        call["label_smoothing"] = draw(st.floats(0, 1))
    shape = (*batch, classes, *places)
    return Case(name, (), [Floats(*shape), target(*(shape if target is Chances else (*batch, *places)))], call=call)


@st.composite
def margins(draw):
    """Losses of vectors, or of the scores of classes; also where several tie."""
    name = draw(st.sampled_from(["margin_ranking", "multi_margin", "cosine_embedding", "triplet_margin"]))
    batch, kind, n = draw(BATCH), draw(st.sampled_from([Floats, Ties])), draw(st.integers(3, 5))
    call = {"reduction": draw(st.sampled_from(["mean", "sum", "none"])), "margin": draw(st.sampled_from([0.5, 1.0]))}
    if name == "multi_margin":
        call["p"] = draw(st.sampled_from([1, 2]))
        if draw(st.booleans()):
            call["weight"] = numbers(draw, (n,))
        return Case(name, (), [kind(*batch, n), Classes(*batch)], call=call)
    if name == "triplet_margin":
        call |= {"p": draw(st.sampled_from([1.0, 2.0, 3.0, math.inf])), "swap": draw(st.booleans())}
        return Case(name, (), [Floats(*batch, n)] * 3, call=call)
    shape = (*batch, n) if name == "margin_ranking" or not batch else (batch[0], n)
    return Case(name, (), [kind(*shape), Floats(*shape), Signs(*(shape if name == "margin_ranking" else batch))],
                call=call)


def numbers(draw, shape):
    """A nested list of positive numbers as an option."""
    return rebuild(nested(shape, float), (draw(st.floats(0.1, 3)) for _ in itertools.count())) if shape else [1.5]


# Each with the number of examples of a full run
DRAWN = {"convolutions": (convolutions(), 60), "transposed": (transposed(), 50), "pools": (pools(), 60),
         "resizings": (resizings(), 50), "linears": (linears(), 30), "cells": (cells(), 40),
         "sequences": (sequences(), 40), "attentions": (attentions(), 40), "encoders": (encoders(), 25),
         "norms": (norms(), 40), "batch_norms": (batch_norms(), 50), "sample_norms": (sample_norms(), 40),
         "losses": (losses(), 80), "classes": (classes(), 80), "margins": (margins(), 80)}
