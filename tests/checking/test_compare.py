"""compare: two gradients by name; where they part first, and why."""
import math
import re

import numpy as np
import pytest

from microgradx import Value, nn
from microgradx.testing import compare


def test_the_first_in_backward_order():
    reference = {"dlogits": [0.5, -0.5], "dh": np.array([1.0, 2.0]), "dw": [[1.0, 2.0], [3.0, 4.0]]}
    found = compare({"dlogits": [0.5, -0.5], "dh": [2.0, 4.0], "dw": [[1.0, 3.0], [2.0, 4.0]]}, reference)
    assert not found.same and [name for name, parting in found.found.items() if parting] == ["dh", "dw"]
    assert (found.first.entry, found.first.mine, found.first.reference) == ("dh[1]", 4.0, 2.0)
    assert "2 times what they should be" in found.first.cause
    assert "is transposed" in found.found["dw"].cause
    assert str(found).splitlines()[0] == "dlogits  the same" and "dh is the first to part" in str(found)


@pytest.mark.parametrize("mine, said", [
    ([1.0, -2.2, 3.0], "The other 2 entries"), ([1.0, -2.0, 3.0], "1 of 3 entries of w is minus"),
    ([-1.0, -2.0, -3.0], "the sign is wrong"),
    ([2.0, 3.0, 1.0], "too far"), ([1.0, 2.0, 0.0], "No gradient arrives"), ([1.0, math.nan, 3.0], "nan"),
    ([[1.0], [2.0], [3.0]], "its shape is (3, 1), and should be (3,)"),
])
def test_causes(mine, said):
    assert said in compare({"w": mine}, {"w": [1.0, 2.0, 3.0]}).first.cause


def test_two_gradients_that_are_exchanged():
    found = compare({"a": [1.0, 2.0], "b": [3.0, 5.0]}, {"a": [3.0, 5.0], "b": [1.0, 2.0]})
    assert found.first.cause == "What stands for a is the gradient by b: the two inputs are exchanged."


def test_nested_gradients_have_the_names_of_all_levels():
    w, b = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), [0.5, -1.0]
    assert compare({"out": {"w": w, "b": b}}, {"out": {"b": b, "w": w}}).same
    assert compare({"out": {"w": w, "b": b}}, {"out.w": w.tolist(), "out.b": np.array(b)}).same
    found = compare({"rows": [{"w": w}, [w, b]]}, {"rows": [{"w": w}, [w, [0.5, 1.0]]]})
    assert list(found.found) == ["rows[0].w", "rows[1][0]", "rows[1][1]"] and found.first.entry == "rows[1][1][1]"
    ragged = compare({"w": [[1.0], [2.0, 3.0]]}, {"w": [[1.0], [2.0, 4.0]]})
    assert ragged.first.entry == "w[1][1]" and compare({"w": [w[0], w[1]], "v": []}, {"w": w, "v": []}).same


def test_what_is_rounding_alone_is_said_to_be():
    found = compare({"dw": np.float32([1, 2]), "db": np.float32([3e-9, -1e-9])}, {"dw": [1.0, 2.0], "db": [1e-9, 2e-9]})
    assert found.first.name == "db" and "0 but for rounding" in found.first.cause


def test_words_of_a_parting():
    found = compare({"\x1b[31mw": [[1.0], [2.0]]}, {"\x1b[31mw": [[1.0, 2.0]]})
    assert "nan" not in str(found) and "its shape is (2, 1), and should be (1, 2): it is transposed" in str(found.first)
    assert "\x1b" not in str(found) + str(found.first)
    assert "The other entry of w is right" in compare({"w": [1.0, -2.2]}, {"w": [1.0, 2.0]}).first.cause


def test_rounding_is_no_difference():
    assert compare([0.1 + 0.2], [0.3]).same and not compare([0.3 + 1e-11], [0.3]).same
    assert compare([np.float32(0.1) * 3], [np.float32(0.3)]).same and compare([math.nan], [math.nan]).same


def test_graphs_and_modules():
    w, x = Value(3.0, "w"), Value(2.0, "x")
    y = (w * x).named("y")
    y.backward()
    assert compare(y, {"y": 1.0, "x": 3.0, "w": 2.0}).same
    model = nn.Linear(2, 1)
    model([1.0, 2.0])[0].backward()
    assert compare(model, {"bias": [1.0], "weight": [[1.0, 2.0]]}).same
    assert list(compare(model, model).found) == ["bias", "weight"]


def test_a_module_of_torch(torch):
    model = torch.nn.Linear(2, 1)
    model(torch.tensor([1.0, 2.0])).backward()
    assert compare({"bias": [1.0], "weight": [[1.0, 2.0]]}, model).same
    assert compare({"bias": [2.0], "weight": [[1.0, 2.0]]}, model).first.name == "bias"


@pytest.mark.parametrize("mine, reference, kind, said", [
    ({"w": 1.0}, {"v": 1.0}, ValueError, "reference has no gradient 'w'; it has ['v']"),
    ({}, {"v": 1.0}, TypeError, "mine has no gradients by name"),
    (Value(1.0), {"v": 1.0}, TypeError, "label the Values"),
    (3.0, {"v": 1.0}, TypeError, "expected a dict of gradients"),
    ({"v": "x"}, {"v": 1.0}, TypeError, "not a gradient"),
    ({"l": {"w": 1.0}}, {"l": {"w": 1.0, "b": 1.0}}, ValueError, "mine has no gradient 'l.b'"),
    (Value(2.0, "x") * Value(5.0, "x"), {"x": 5.0}, ValueError, "mine has two Values with the label 'x'"),
])
def test_bad_input(mine, reference, kind, said):
    with pytest.raises(kind, match=re.escape(said)):
        compare(mine, reference)
