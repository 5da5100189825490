"""The likely mistake, of small gradients: each sentence in full, and none where the numbers do not say."""
import math

from microgradx.checking.causes import Entries, likely_cause

SUM = "a sum where there should be a mean, or a division by 3 is missing"
MEAN = "a mean where there should be a sum, or divided by 3 once too often"
TWICE = "a factor 2, or the same contribution added twice"
HALF = "a factor 2 is missing, as of a square, or one of two contributions (= in place of +=)"
FACTORS = {                                 # of three entries
    2: f"2 times what they should be: {TWICE}", 0.5: f"1/2 of what they should be: {HALF}",
    3: f"3 times what they should be: there are 3 of them, so {SUM}",
    6: f"6 times what they should be: there are 3 of them, so {SUM}; and a factor 2",
    1.5: f"1.5 times what they should be: there are 3 of them, so {SUM}; and a factor 2 is missing",
    1 / 3: f"1/3 of what they should be: there are 3 of them, so {MEAN}",
    1 / 6: f"1/6 of what they should be: there are 3 of them, so {MEAN}; and a factor 2 is missing",
    2 / 3: f"0.6666666667 times what they should be: there are 3 of them, so {MEAN}; and a factor 2",
    -1: "minus what they should be: the sign is wrong",
    -2: f"-2 times what they should be: the sign is wrong, and {TWICE}",
    -3: f"-3 times what they should be: the sign is wrong, and there are 3 of them, so {SUM}",
    -0.2: "-1/5 of what they should be: the sign is wrong, and a constant factor, or a wrong constant",
    2.5: "2.5 times what they should be: a constant factor, or a wrong constant",
    1.002: "1.002 times what they should be: a constant factor, or a wrong constant",
    1.0005: "1.0005 times what they should be: a constant with too few digits",
}
FOUR = {
    0.25: f"1/4 of what they should be: there are 4 of them, so {MEAN}".replace("by 3", "by 4"),
    0.5: FACTORS[0.5],                      # and not as of a mean and a factor 2
}
ONE = {                                     # of a single number, of which only a simple factor says something
    -1: "minus what it should be: the sign is wrong", 0.5: f"1/2 of what it should be: {HALF}", 1.05: "", 2.5: "",
    99: "99 times what it should be: a constant factor, or a wrong constant", 100: "", 0.01: "",
}
INDEX = "The entries of w are right, but {}: an index is off."
PLACES = [                                  # claimed, expected, shape
    ([2.0, 1.0], [1.0, 2.0], (2,), INDEX.format("1 place too far right")),
    ([3.0, 1.0, 2.0], [1.0, 2.0, 3.0], (3,), INDEX.format("1 place too far right")),
    ([2.0, 3.0, 1.0], [1.0, 2.0, 3.0], (3,), INDEX.format("1 place too far left")),
    ([3.0, 4.0, 1.0, 2.0], [1.0, 2.0, 3.0, 4.0], (4,), INDEX.format("2 places too far right")),
    ([2.0, 1.0, 4.0, 3.0], [1.0, 2.0, 3.0, 4.0], (2, 2), INDEX.format("1 place too far right along axis 1")),
    ([3.0, 4.0, 1.0, 2.0], [1.0, 2.0, 3.0, 4.0], (2, 2), INDEX.format("1 place too far right along axis 0")),
    ([4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0], (4,), "The entries of w are right, but in reverse order."),
    ([3.0, 2.0, 4.0, 1.0], [1.0, 2.0, 3.0, 4.0], (4,),
     "The entries of w are right, but each at another's place: an index is mistaken."),
    ([1.0, 4.0, 2.0, 5.0, 3.0, 6.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], (2, 3),
     "The gradient by w is transposed: entry [i, j] stands at [j, i]."),
    ([2.0, 8.0, 4.0, 10.0, 6.0, 12.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], (2, 3),
     "The gradient by w is transposed and 2 times what it should be: entry [i, j] stands at [j, i]."),
]
CUT = "a term is missing, or the graph is cut."
ENTRIES = [                                 # claimed, expected
    ([4.0, 4.0], [1.0, 3.0], "All entries of w are the sum of what they should be: summed over the entries and spread "
                             "over them."),
    ([2.0, 2.0], [1.0, 3.0], "All entries of w are the mean of what they should be: summed over the entries and spread "
                             "over them."),
    ([7.0, 7.0], [1.0, 3.0], ""),
    ([4.0, 4.0], [2.0, 2.0], f"All entries of w are 2 times what they should be: {TWICE}."),
    ([1.0, 18.0, 3.0], [1.0, 9.0, 3.0], f"1 of 3 entries of w is 2 times what it should be: {TWICE}."),
    ([1.0, 18.0, 6.0], [1.0, 9.0, 3.0], f"2 of 3 entries of w are 2 times what they should be: {TWICE}."),
    ([0.0], [1.0], f"No gradient arrives at w: {CUT}"),
    ([0.0, 2.0], [1.0, 2.0], f"No gradient arrives at 1 of 2 entries of w: {CUT}"),
    ([0.0, 0.0, 5.0], [1.0, 2.0, 5.0], f"No gradient arrives at 2 of 3 entries of w: {CUT}"),
    ([1.0, 2.0, 5.0], [1.5, 2.5, 5.5], "Each entry of w lacks the same term, 0.5."),
    ([1.0, 9.0], [1.0, 2.5], "The other entry of w is right: an index, an edge or a branch."),
    ([1.0, 9.0, 4.0], [1.0, 2.5, 4.0], "The other 2 entries of w are right: an index, an edge or a branch."),
    ([1.0, math.inf], [1.0, 2.0],
     "The gradient by w is inf where f is finite: inf - inf, 0 * inf or 0 / 0 on the way."),
    ([1.0 + 1e-9, 2.0], [1.0, 2.0], ""), ([], [], ""),
]


def cause(claimed, expected, shape=None, numbers=(), more=()):
    return likely_cause([Entries("w", shape or (len(claimed),), claimed, expected, numbers),
                         *(Entries(name, (2,), *both) for name, *both in more)])


def test_a_factor():
    for k, said in FACTORS.items():
        assert cause([k * x for x in (1.0, -3.0, 5.0)], [1.0, -3.0, 5.0]) == f"All entries of w are {said}."
    for k, said in FOUR.items():
        assert cause([k * x for x in (1.0, -3.0, 5.0, 7.0)], [1.0, -3.0, 5.0, 7.0]) == f"All entries of w are {said}."
    for k, said in ONE.items():
        assert cause([2.0 * k], [2.0]) == (f"The gradient by w is {said}." if said else ""), k


def test_entries_at_the_wrong_place():
    for claimed, expected, shape, said in PLACES:
        assert cause(claimed, expected, shape) == said


def test_entries():
    for claimed, expected, said in ENTRIES:
        assert cause(claimed, expected) == said
    assert cause([1.0, 1.0, 7.0], [2.0, 3.0, 6.0], numbers=[10.0, 20.0, -10.0]) == (
        "The gradient by w lacks the term 0.1*w, as that of a weight decay.")


def test_another_argument():
    one, other = [1.0, 2.0], [3.0, 5.0]
    assert cause(one, other, more=[("b", other, one)]) == (
        "What stands for w is the gradient by b: the two inputs are exchanged.")
    assert cause(one, other, more=[("b", one, one)]) == (
        "What stands for w is the gradient by b: a name or an index is mistaken.")
    assert cause([1.0, 1.0], [4.0, 6.0], more=[("b", other, other)]) == (
        "The gradient by w lacks a term, of the size of the gradient by b.")
    assert cause([1.0, 9.0], [2.5, 7.0], more=[("b", one, one)]) == (
        "The gradient by b is right: look where w alone is used.")
