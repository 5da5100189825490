"""The page as text: one file that reaches for nothing, says what the engine says, and takes no name for markup."""
import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

import microgradx as mg
from microgradx import Value, tape
from microgradx.naming import names
from microgradx.show.web.bundle import CORE, STEP, asset
from microgradx.show.web.page import to_html, write_html
from microgradx.show.web.script import literal
from microgradx.table import TABLE, row

from ... import points
from ...hostile import LABELS


def neuron():
    w, x, b = Value(0.5, "w"), Value(2.0, "x"), Value(-0.3, "b")
    return (w * x + b).named("n").tanh().named("y")


class Parsed(HTMLParser):
    """The elements of a page: tag, attributes and the text directly inside."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.elements, self.open = [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append([tag, dict(attrs), ""])
        self.open.append(self.elements[-1])

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if self.open:
            self.open[-1][2] += data

    def handle_decl(self, decl):
        assert decl == "doctype html"

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    def texts(self, tag, **attributes):
        return [text for t, attrs, text in self.elements if t == tag and attributes.items() <= attrs.items()]


def data(page):
    return json.loads(Parsed(page).texts("script", id="data")[0])


def test_the_page_is_small_and_plain():
    page = to_html(neuron())
    assert len(page) < 150_000 and page.isascii()


def test_the_page_reaches_for_nothing():
    page = to_html(neuron())
    for tag, attrs, _ in Parsed(page).elements:
        assert tag not in {"link", "iframe", "object", "embed", "base", "img", "form", "a"}
        assert not {"src", "href", "style", "srcdoc"} & set(attrs) and not any(name.startswith("on") for name in attrs)
    addresses = set(re.findall(r"https?://[^\s\"'`)]+", page))
    assert addresses == {"http://www.w3.org/1998/Math/MathML", "http://www.w3.org/2000/svg"}     # names, not places
    assert not re.search(r"@import|\bfetch\(|XMLHttpRequest|\beval\(|new Function|innerHTML|outerHTML|document\.write|"
                         r"insertAdjacentHTML|localStorage|url\((?!#)", page)


def test_only_its_own_script_and_style_may_run():
    page = to_html(neuron())
    parsed = Parsed(page)
    [policy] = [attrs["content"] for tag, attrs, _ in parsed.elements if tag == "meta" and "http-equiv" in attrs]
    scripts = [text for tag, attrs, text in parsed.elements if tag == "script" and "type" not in attrs]
    for kind, texts in (("script", scripts), ("style", parsed.texts("style"))):
        [text] = texts
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy and "unsafe" not in policy


def test_the_page_holds_the_graph():
    root = neuron()
    found, order, called = data(to_html(root)), tape(root), names(root)
    assert [node["name"] for node in found["graph"]] == [called[v] for v in order]
    assert [node["data"] for node in found["graph"]] == [literal(v.data) for v in order]


@pytest.mark.parametrize("op", list(TABLE.values()), ids=lambda op: op.name)
def test_every_row_has_a_page(op):
    xs = [*points.smooth(op, 1), *points.kinks(op)][0]
    assert "<script>" in to_html(op.apply(op.called(list(map(Value, xs)))))


def test_looking_changes_nothing():
    root = neuron()
    root.backward()
    root.args[0].grad = 7.0
    before = [(v.data, v.grad, v.label, v.slopes) for v in tape(root)]
    first = to_html(root)
    assert [(v.data, v.grad, v.label, v.slopes) for v in tape(root)] == before
    assert to_html(root) == first == to_html(neuron())                  # whatever .grad holds


def tags(page):
    return [(tag, sorted(attrs)) for tag, attrs, _ in Parsed(page).elements]


@pytest.mark.parametrize("label", LABELS, ids=lambda label: ascii(label)[:30])
def test_no_name_becomes_markup(label):
    root = (Value(0.5, label) * Value(2.0, label)).named(label)
    page = to_html(root, title=label)
    assert tags(page) == tags(to_html((Value(0.5) * Value(2.0)).named("y"))) and page.isascii()
    assert [node["name"] for node in data(page)["graph"]] == list(names(root).values())
    [title] = Parsed(page).texts("title")
    assert title == "".join(c if c.isprintable() else "?" for c in label)


@pytest.mark.parametrize("label", [*filter(str.isprintable, LABELS)], ids=lambda label: ascii(label)[:30])
def test_no_row_name_becomes_markup_or_code(label):
    before = dict(TABLE)
    try:
        op = row(label, lambda x: x * x, lambda y, x: 2 * x)
        page = to_html(op(Value(3.0)))
    finally:
        TABLE.clear()
        TABLE.update(before)
    assert tags(page) == tags(to_html(neuron()))
    script = Parsed(page).texts("script")[-1]
    assert re.search(r"\nvalues\.(\w+) = \(x\) => x \* x;\nslopes\.\1 = \(y, x\) => \[2 \* x\];\n", script)


def test_a_large_graph_is_refused_with_a_way_out():
    x = Value(1.0)
    for _ in range(998):
        x = x + 1
    assert len(tape(x)) == 999
    to_html(x + 1)
    with pytest.raises(ValueError, match=r"1,001 values.*at most 1,000.*one sample.*dot\(weights, .*draw\(root\)"):
        to_html(x + 1 + 1)
    with pytest.raises(ValueError, match="40,001 inputs"):
        to_html(mg.sum([Value(1.0), *[1.0] * 40_000]))


@pytest.mark.parametrize("wrong", [None, 1.0, "y", [Value(1.0)]])
def test_what_is_no_value_is_refused(wrong):
    with pytest.raises(TypeError, match="to_html takes the Value"):
        to_html(wrong)


def test_the_page_is_written(tmp_path):
    write_html(neuron(), tmp_path / "page.html", title="µ")
    text = (tmp_path / "page.html").read_bytes()
    assert text.decode("ascii") == to_html(neuron(), title="µ") and b"<title>&#181;</title>" in text


# Colours -------------------------------------------------------------------------------------------------------

def luminance(colour):
    parts = [int(colour[k:k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    """Of two colours, as WCAG 2 has it."""
    low, high = sorted([luminance(a), luminance(b)])
    return (high + 0.05) / (low + 0.05)


def test_all_text_stands_out():
    assert contrast("#ffffff", "#000000") == pytest.approx(21) and contrast("#777777", "#ffffff") < 4.5
    light, dark = [dict(re.findall(r"--([\w-]+): (#\w{6})", block))
                   for block in re.findall(r":root \{(.*?)\}", asset("page.css"), re.DOTALL)]
    for colours in (light, dark):
        for ink in ("ink", "quiet", "ahead", "back"):
            for paper in ("paper", "card", "tint", "tint-ahead"):
                assert contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper, colours[ink])


def test_scripts_are_ascii_and_not_too_wide():
    for name in ("core/math.js", *CORE, *STEP, "step/page.js", "page.css"):
        assert max(map(len, asset(name).splitlines())) <= 120, name
