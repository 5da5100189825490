"""Rules of rows that are run once for stand-ins: what is recorded for each result is what the rule records for it."""
import pytest

import microgradx as mg
from microgradx.compiler.trace.tracer import Tracer
from microgradx.engine import tracer
from microgradx.flows import Gate
from microgradx.table import TABLE, Reduction

from ... import points

ROWS = list(TABLE.values())         # as imported: rows that other tests add are not among them


def recorded(trace, run, *args):
    """What is recorded: rows with their inputs as numbers of operations before them; and what is returned."""
    start = len(trace.nodes)
    found = run(*args)
    places = {v: f"step {k}" for k, v in enumerate(trace.nodes[start:])}

    def shown(x):
        return tuple(map(shown, x)) if isinstance(x, Gate) else places.get(x, x) if isinstance(x, mg.Value) else repr(x)
    return [(v.op.name, *map(shown, v.args)) for v in trace.nodes[start:]], list(map(shown, found))


@pytest.mark.parametrize("nested", [False, True])
def test_every_row_records_the_same_for_each_of_its_results(nested):
    outer = Tracer()
    for op in ROWS:
        size = points.counts(op)[-1]
        with outer, outer.resolved(nested):
            trace = tracer()
            for number in (None, 0.0, -0.0, None):             # one of its inputs
                args = tuple([trace.unknown() for _ in range(size)])
                if number is not None and size > 1 and not getattr(op, "index", False):
                    args = (*args[:-1], number)
                y = trace.flat(op, args)
                wanted = [isinstance(op, Reduction) or not isinstance(a, float) for a in args]
                assert recorded(trace, trace.slopes, y, args) == recorded(trace, op.partials, wanted, y, *args), op
    assert outer.state.size == len(outer.nodes)


def test_a_rule_is_run_once_for_inputs_of_one_kind():
    runs = []
    op = mg.table.Op("cubed", lambda x: x * x * x, lambda y, x: runs.append(1) or 3 * x * x)
    trace = Tracer()
    with trace:
        ys = [trace.flat(op, (trace.unknown(),)) for _ in range(5)]
        for y in ys:
            slope, = trace.slopes(y, y.args)
            assert slope.args[1] is y.args[0]
    assert len(runs) == 1
