"""Module: names, saving and loading, modes, containers, print."""
import array
import collections
import contextlib
import copy
import dataclasses
import math
import types
from typing import Any, NamedTuple

import pytest

import microgradx as mg
from microgradx import Value, Vector, grad, jit, nn, no_grad, tape
from microgradx.nesting import leaves
from microgradx.training import SGD, fit, load, save

from ..compiled import every_way


class Net(nn.Module):
    """A bit of everything: a Value, a list, a Module, a list of Modules, a Buffer, things that are no parameters."""

    def __init__(self):
        self.scale, self.shifts = Value(2.0), [Value(1.0), Value(0.0)]
        self.head, self.layers = nn.Linear(2, 1), [nn.Linear(2, 2), nn.Tanh()]
        self.seen = nn.Buffer(0)
        self.size, self.name, self.sizes, self.nothing = 2, "net", (2, 1), None

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.head([self.scale * v + s for v, s in zip(x, self.shifts)])[0]


NAMES = ["scale", "shifts", "head.weight", "head.bias", "layers.0.weight", "layers.0.bias"]


def test_parameters_by_name_in_the_order_of_modules():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == NAMES
    assert net.parameters() == [v for _, tree in net.named_parameters() for v in leaves(tree)]
    assert list(net.state_dict()) == [*NAMES[:2], "seen", *NAMES[2:]]
    assert [name for name, _ in net.named_modules()] == ["", "head", "layers.0", "layers.1"]


def test_a_shared_parameter_comes_once():
    net = Net()
    net.head.weight = net.layers[0].weight
    assert [name for name, _ in net.named_parameters()] == [n for n in NAMES if n != "layers.0.weight"]


def test_zero_grad():
    net = Net()
    net([1.0, 2.0]).backward()
    assert any(p.grad for p in net.parameters())
    net.zero_grad()
    assert not any(p.grad for p in net.parameters())


def test_calls_are_grouped_by_name():
    scopes = {v.scope for v in tape(Net()([1.0, 2.0])) if v.op}
    assert scopes == {"layers.0", "layers.1", "", "head"}


@pytest.mark.parametrize("change, error, message", [
    (lambda s: s.pop("scale"), KeyError, "missing ['scale'], unexpected []"),
    (lambda s: s.update(extra=1.0), KeyError, "missing [], unexpected ['extra']"),
    (lambda s: s.update(shifts=[1.0]), ValueError, "shifts: expected shape (2,), got (1,)"),
    (lambda s: s.update({"head.weight": [[1.0], [2.0, 3.0]]}), ValueError, "ragged"),
    (lambda s: s.update({"head.bias": ["a"]}), TypeError, "expected a number or a Value, got 'a'"),
])
def test_a_state_that_does_not_fit_changes_nothing(change, error, message):
    net, state = Net(), Net().state_dict()
    before = net.state_dict()
    change(state)
    with pytest.raises(error) as found:
        net.load_state_dict(state)
    assert message in str(found.value)
    assert net.state_dict() == before


@pytest.mark.parametrize("state", [5, "weight", [("weight", 1.0)]])
def test_a_state_that_is_no_dict_is_refused(state):
    with pytest.raises(TypeError, match="expected a dict, as state_dict"):
        Net().load_state_dict(state)


def test_what_fits_is_loaded_when_not_strict():
    net = Net()
    net.load_state_dict({"scale": 7.0, "other": 1.0}, strict=False)
    assert net.scale.data == 7.0


def test_train_and_eval_reach_what_is_within():
    net = nn.Sequential(nn.Residual(nn.Dropout(1.0)), nn.Dropout(1.0))
    assert net([1.0]) == [0.0] and net.eval()([1.0]) == [2.0]
    assert not any(m.training for _, m in net.named_modules())
    assert all(m.training for _, m in net.train().named_modules())


def test_options_of_a_call_reach_forward():
    class Power(nn.Module):
        def forward(self, x, n=2):
            return x**n
    assert Power()(3.0) == 9.0 and Power()(3.0, n=3) == 27.0
    assert nn.Sequential(Power())(3.0) == 9.0


def test_every_public_name_is_told():
    assert all(getattr(nn, name).__doc__ for name in nn.__all__)


# What is a parameter -------------------------------------------------------------------------------------------

class Pair(NamedTuple):
    a: Any
    b: Any


@dataclasses.dataclass
class Settings:
    rate: float
    scale: Any
    total: float = dataclasses.field(init=False, default=0.0)


class Holder(nn.Module):
    """An attribute with something in it."""

    def __init__(self, part):
        self.part = part

    def forward(self, x):
        return sum((p * x for p in self.parameters()), Value(0.0))


def v():
    return Value(2.0)


def lin():
    return nn.Linear(1, 1, bias=False)


# pytorch#59925: lists were taken for parameters by their first element only, dicts not at all.
HELD = [
    (lambda: [1.0, v()], ["part.1"]), (lambda: [v(), 1.0], ["part.0"]), (lambda: [None, v(), "x"], ["part.1"]),
    (lambda: [[1.0, v()], [v(), v()]], ["part.0.1", "part.1"]), (lambda: [[v(), v()], [v()]], ["part.0", "part.1"]),
    (lambda: [[v(), v()], [v(), v()]], ["part"]), (lambda: (v(), v()), ["part"]), (lambda: Pair(v(), 1.0), ["part.0"]),
    (lambda: [1.0, lin()], ["part.1.weight"]), (lambda: [None, lin()], ["part.1.weight"]),
    (lambda: [lin(), v()], ["part.1", "part.0.weight"]), (lambda: [v(), lin()], ["part.0", "part.1.weight"]),
    (lambda: [[], [lin()]], ["part.1.0.weight"]), (lambda: [1.0, [2.0, [lin()]]], ["part.1.1.0.weight"]),
    (lambda: {"a": lin(), "b": None}, ["part.a.weight"]), (lambda: {"a": v(), "b": [v(), v()]}, ["part.a", "part.b"]),
    (lambda: {"a": {"b": [1.0, v()]}}, ["part.a.b.1"]), (lambda: [{"w": v()}, {"w": v()}], ["part.0.w", "part.1.w"]),
    (lambda: collections.OrderedDict(a=lin()), ["part.a.weight"]), (lambda: {0: lin(), 1: lin()},
                                                                    ["part.0.weight", "part.1.weight"]),
    (lambda: Settings(0.1, [v(), v()]), ["part.scale"]), (lambda: [v(), nn.Buffer(1)], ["part.0"]),
    (lambda: [nn.Buffer(1), v()], ["part.1"]), (lambda: {"a": nn.Buffer(1), "b": v()}, ["part.b"]),
    (lambda: [0.5] * 1000, []), (lambda: [], []), (lambda: "name", []), (lambda: [[1.0], [2, None, True]], []),
]
every_held = pytest.mark.parametrize("make, names", HELD, ids=[", ".join(names) or "none" for _, names in HELD])


@every_held
def test_parameters_are_found_wherever_they_are(make, names):
    model = Holder(make())
    assert [name for name, _ in model.named_parameters()] == names
    assert model.parameters() == [p for _, nest in model.named_parameters() for p in leaves(nest)]
    assert not any(isinstance(p, nn.Buffer) for p in model.parameters())
    assert len(model.buffers()) == sum(isinstance(x, nn.Buffer) for x in values_of(model.part))
    other = Holder(make())
    for p in model.parameters():
        p.data = 7.0
    other.load_state_dict(model.state_dict())
    assert other.state_dict() == model.state_dict() and all(p.data == 7.0 for p in other.parameters())
    assert repr(model).startswith(f"Holder()  # {len(model.parameters())} parameters")


def values_of(x):
    return x.values() if isinstance(x, dict) else x if isinstance(x, (list, tuple)) else []


@pytest.mark.slow
@every_way
@pytest.mark.parametrize("make", [make for make, names in HELD if names][::3])
def test_they_are_inputs_of_a_compiled_program_and_are_trained(way, make):
    model = Holder(make())
    count = len(model.parameters())
    compiled = way.jit(lambda m, x: m(x))
    before = compiled(model, 3.0)
    for p in model.parameters():
        p.data += 1.0
    assert compiled(model, 3.0) == pytest.approx(before + 3 * count)
    assert len(leaves(grad(lambda m: m(3.0))(model))) == count
    if way.name != "loops":
        fit(model, [1.0], [0.0], lambda m, x, y: m(x), SGD(model.parameters(), lr=0.5), steps=1, jit=True)
        assert compiled(model, 3.0) == pytest.approx(before + 3 * count - 1.5 * count)


def test_a_module_may_be_a_dataclass():
    @dataclasses.dataclass(eq=False)
    class Scale(nn.Module):
        by: Any
        note: str = "x"

        def forward(self, x):
            return self.by * x
    assert [name for name, _ in Scale(v()).named_parameters()] == ["by"]
    assert grad(lambda m: m(3.0))(Scale(v())) == {"by": 3.0}
    assert jit(lambda m, x: m(x))(Scale(v()), 3.0) == 6.0
    with pytest.raises(TypeError, match=r"which Equal does not have; write @dataclass\(eq=False\)"):
        jit(lambda m, x: m(x))(dataclasses.make_dataclass("Equal", ["by"], bases=(Scale,))(v()), 3.0)


def test_a_value_that_is_replaced_in_such_a_list_has_a_program_of_its_own():
    for part, place in (([1.0, v()], 1), ({"a": v()}, "a"), ([[1.0, v()], None], 0), (Settings(0.1, v()), "scale")):
        model = Holder(part)
        compiled = jit(lambda m, x: m(x))
        assert compiled(model, 3.0) == 6.0
        if place == "scale":
            model.part.scale = Value(5.0)
        else:
            model.part[place] = [1.0, Value(5.0)] if place == 0 else Value(5.0)
        assert compiled(model, 3.0) == 15.0


@pytest.mark.parametrize("held", [
    lambda x: {x}, lambda x: collections.deque([x]), lambda x: [1.0, frozenset([x])],
    lambda x: collections.UserList([x]), lambda x: collections.UserDict(a=x), lambda x: collections.deque([[x]]),
    lambda x: types.MappingProxyType({"a": x}), lambda x: collections.ChainMap({"a": x}), lambda x: {"a": x}.values(),
    lambda x: types.SimpleNamespace(a=x), lambda x: {"a": types.MappingProxyType({"b": [1.0, x]})},
    lambda x: pytest.importorskip("numpy").array([1.0, x], object),
    lambda x: Vector([x]) if isinstance(x, Value) else {x}])
@pytest.mark.parametrize("make", [v, lin])
def test_a_set_that_gives_no_names_is_refused(held, make):
    with pytest.raises(TypeError, match="which gives no names to them; write a list or a dict"):
        Holder(held(make())).parameters()
    Holder({1.0, "names"}).parameters()
    Holder(collections.deque([v() * 2.0, 3.0])).parameters()                # losses


def test_a_result_is_never_a_parameter():
    """gpytorch#430: what forward() keeps was trained and saved."""
    class Keeps(nn.Module):
        def __init__(self):
            self.lin = nn.Linear(2, 2)

        def forward(self, x):
            self.last = self.lin(x)
            self.each = {"out": self.last[0], "none": [None, self.last[1]]}
            self.one = self.last[0] * 2
            return self.last
    model = Keeps()
    before = model.state_dict()
    names = [name for name, _ in model.named_parameters()]
    model([1.0, 2.0])
    assert [name for name, _ in model.named_parameters()] == names == ["lin.weight", "lin.bias"]
    assert model.state_dict() == before and len(model.parameters()) == 6
    with no_grad():                                         # nothing is recorded: evaluate() made them parameters
        model([1.0, 2.0])
        made = [mg.sum([v(), v()]), v() * 2.0, [v() > 0.0], mg.dot([v()], [v()]), mg.tanh(v()), mg.sum([0 * v()])]
        assert Holder(made).parameters() == [] and len(Holder([*made, v()]).parameters()) == 1
    assert [name for name, _ in model.named_parameters()] == names and model.state_dict() == before
    with no_grad():
        copied = copy.deepcopy(Holder(v() * 2.0))           # a recorded one is not copied
    assert not copied.parameters()
    assert Holder([v(), v() * 2.0]).parameters()[0].op is None
    assert [name for name, _ in Holder([v(), v() * 2.0]).named_parameters()] == ["part.0"]
    assert "A result, which an\n    operation has made, never is" in nn.Module.__doc__


@pytest.mark.parametrize("recorded", [True, False])
def test_results_in_place_of_a_parameter_are_refused(recorded):
    """They would be no parameters, and what was one would be lost without a word. torch: TypeError."""
    model = lin()
    with contextlib.nullcontext() if recorded else no_grad():
        for found in ([[w * 2.0 for w in row] for row in model.weight], model([1.0] * len(model.weight[0]))):
            with pytest.raises(TypeError, match="is a parameter, and numbers or results in its place"):
                model.weight = found
    assert len(model.parameters()) == len(lin().parameters())


@pytest.mark.parametrize("part", [v, lin, lambda: [1.0, v()], lambda: {"a": lin()}])
def test_a_part_on_the_class_or_in_slots_is_refused(part):
    """Its Modules had no parameter, and training did nothing."""
    with pytest.raises(TypeError, match=r"Net.w would be shared by all Nets .*write self.w = ... in __init__"):
        type("Net", (nn.Module,), {"w": part()})
    with pytest.raises(TypeError, match="Net has __slots__"):
        type("Net", (nn.Module,), {"__slots__": ("w",)})


@pytest.mark.parametrize("numbers", [[[1.0, 2.0]], 1.0, [[1, 2]], array.array("d", [1.0])], ids=repr)
def test_numbers_do_not_take_the_place_of_a_parameter(numbers):
    """As in torch, which wants a Parameter or None: they would not be trained, without a word."""
    model = nn.Linear(2, 1)
    with pytest.raises(TypeError, match=r"Linear.weight is a parameter.*load_state_dict\({'weight': ...}"):
        model.weight = numbers
    assert len(model.parameters()) == 3
    model.weight, model.bias, model.seen = [[Value(1.0), Value(2.0)]], None, nn.Buffer(0)
    model.seen, model.size = 1.0, 1
    model.size = 2.0
    assert [name for name, _ in model.named_parameters()] == ["weight"]


def test_two_parameters_of_one_name_are_refused():
    """The state and the gradient had one of them."""
    for part in ({"0": v(), 0: v()}, {"a.b": v(), "a": {"b": v()}}, {1: lin(), "1": [v()], "1.weight": v()}):
        with pytest.raises(ValueError, match=r"two parameters have the name part\.\S+: keys of a dict"):
            Holder(part).state_dict()


def test_a_module_that_holds_itself_is_refused():
    """A bare RecursionError; in a list of itself it went on for ever."""
    one, other = nn.Module(), nn.Module()
    one.inner, other.parent = other, one
    for use in (nn.Module.parameters, nn.Module.train, repr, nn.Module.state_dict):
        with pytest.raises(ValueError, match=r"inner\.parent is a Module that it stands in"):
            use(one)
    rows = [v()]
    rows.append(rows)
    with pytest.raises(ValueError, match="a container that holds itself"):
        Holder(rows)


def test_a_generator_in_a_module_does_not_stop_the_compiler():
    assert jit(lambda m, x: m(x))(Holder([v(), (x for x in "ab")]), 3.0) == 6.0


# Shared weights ------------------------------------------------------------------------------------------------

class Tied(nn.Module):
    """accelerate#2875: an Embedding and a Linear with one weight, under torch's names."""

    def __init__(self):
        self.embed, self.head = nn.Embedding(3, 2), nn.Linear(2, 3, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, i):
        return self.head(self.embed(i))


WEIGHT = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]


def test_a_shared_weight_is_trained_once_and_saved_by_both_names():
    model = Tied()
    assert [name for name, _ in model.named_parameters()] == ["embed.weight"] and len(model.parameters()) == 6
    assert list(model.state_dict()) == ["embed.weight", "head.weight"]
    for state in ({"embed.weight": WEIGHT, "head.weight": WEIGHT}, {"embed.weight": WEIGHT}, {"head.weight": WEIGHT}):
        other = Tied()
        other.load_state_dict(state)
        assert other.state_dict() == {"embed.weight": WEIGHT, "head.weight": WEIGHT}
    before = model.state_dict()
    with pytest.raises(ValueError, match=r"head.weight: expected 1.0, as for another name of this shared parameter, g"):
        model.load_state_dict({"embed.weight": WEIGHT, "head.weight": [[9.0, 2.0], *WEIGHT[1:]]})
    with pytest.raises(KeyError, match=r"missing .'embed.weight', 'head.weight'."):
        model.load_state_dict({})
    assert model.state_dict() == before
    nan = [[math.nan] * 2] * 3
    model.load_state_dict({"embed.weight": nan, "head.weight": nan})        # a state of training that broke down
    assert all(v.data != v.data for v in model.parameters())
    with pytest.raises(ValueError, match="expected nan, as for another name of this shared parameter"):
        model.load_state_dict({"embed.weight": nan, "head.weight": WEIGHT})


def test_shared_weights_go_to_torch_and_back(tmp_path, torch):
    safetensors = pytest.importorskip("safetensors.torch")

    class Theirs(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.head = torch.nn.Embedding(3, 2), torch.nn.Linear(2, 3, bias=False)
            self.head.weight = self.embed.weight
    theirs = Theirs().double()
    ours = Tied()
    ours.load_state_dict({"embed.weight": WEIGHT})
    save(ours, tmp_path / "ours")
    theirs.load_state_dict(safetensors.load_file(tmp_path / "ours"))            # strict: every name
    assert theirs.head.weight.tolist() == WEIGHT
    safetensors.save_model(theirs, str(tmp_path / "theirs"))                     # which drops one of the names
    other = Tied()
    load(tmp_path / "theirs", other)
    assert other.state_dict() == ours.state_dict()
    third = Tied()
    third.load_state_dict(theirs.state_dict())                                  # tensors, by both names
    assert third.state_dict() == ours.state_dict()


def test_values_that_two_tensors_share_in_part():
    """Of [a, b] and [b, c] c is a parameter too, and b once."""
    a, b, c = Value(1.0), Value(2.0), Value(3.0)
    model = Holder({"x": [a, b], "y": [b, c], "z": [c, c, a]})
    assert model.parameters() == [a, b, c]
    assert [name for name, _ in model.named_parameters()] == ["part.x", "part.y.1"]
    assert model.state_dict() == {"part.x": [1.0, 2.0], "part.y": [2.0, 3.0], "part.z": [3.0, 3.0, 1.0]}
    mirrored = Holder([a, b, a])
    assert mirrored.parameters() == [a, b]
    SGD(mirrored.parameters()).step()
    assert jit(lambda m, x: m(x))(mirrored, 2.0) == 6.0


# Arrays --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("made", [
    lambda rows: rows, lambda rows: [array.array("d", row) for row in rows],
    lambda rows: pytest.importorskip("numpy").array(rows), lambda rows: pytest.importorskip("torch").tensor(rows),
    lambda rows: pytest.importorskip("torch").tensor(rows, requires_grad=True),
    lambda rows: list(pytest.importorskip("numpy").array(rows, "float32")),
])
def test_a_state_of_arrays_is_loaded(made):
    """It said "got ()"."""
    model = nn.Linear(2, 3, bias=False)
    model.load_state_dict({"weight": made(WEIGHT)})
    assert model.state_dict() == {"weight": WEIGHT}
    with pytest.raises(ValueError, match=r"weight: expected shape \(3, 2\), got \(1, 2\)"):
        model.load_state_dict({"weight": made(WEIGHT[:1])})


# Containers ----------------------------------------------------------------------------------------------------

def test_a_container_is_a_list_of_its_modules():
    a, b, c = nn.ReLU(), nn.Tanh(), nn.Linear(1, 1)
    for made in (nn.ModuleList([a, b]), nn.Sequential(a, b)):
        assert (len(made), list(made), made[0], made[-1]) == (2, [a, b], a, b)
        made.append(c)
        assert made[2] is c and [name for name, _ in made.named_parameters()] == ["2.weight", "2.bias"]


def test_sequential_and_residual():
    double = nn.Linear(1, 1)
    double.load_state_dict({"weight": [[2.0]], "bias": [0.0]})
    assert nn.Sequential(double, double)([3.0])[0].data == 12.0
    assert nn.Residual(double)([[3.0], [1.0]])[0][0].data == 9.0
    assert nn.Residual()([3.0]) == [6.0]


def test_the_print_shows_what_is_within():
    assert repr(nn.Sequential(nn.Linear(2, 3, bias=False), nn.Residual(nn.ReLU()))) == (
        "Sequential()  # 6 parameters\n"
        "  (0): Linear(2, 3, bias=False)  # 6 parameters\n"
        "  (1): Residual()  # 0 parameters\n"
        "    (0): ReLU()  # 0 parameters")
