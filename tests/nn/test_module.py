"""Module: names, saving and loading, modes, containers, print."""
import pytest

from microgradx import Value, nn, tape
from microgradx.nesting import leaves


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
