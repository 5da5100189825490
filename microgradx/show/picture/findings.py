"""What is wrong with the flow of gradients, in sentences: each says where and how much, and one remedy.

    >>> from microgradx import Value, diagnose, tanh
    >>> x = Value(1e-9)
    >>> for _ in range(30):
    ...     x = tanh(Value(0.5) * x)
    >>> for sentence in diagnose(x).problems:
    ...     print(sentence)
    vanishing: from level 30 down to level 1 the gradient falls from 1 to 1.86e-09, by a factor of 0.5 at each level. \
Remedy: relu in place of tanh, with first weights by nn.init.kaiming_normal_
"""
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...checking.explanation import described
from ...table import TABLE

if TYPE_CHECKING:
    from .diagnosis import Diagnosis, GradientGroup

FADES = 0.01            # a gradient that shrinks by more than this factor is vanishing; by more than 1/FADES, exploding
FEW = 0.2               # a larger share of units that no input brings to life is a problem; fewer are usual with relu
NAMED = 4               # parameters of those without a gradient
MANY = 0.8              # a larger share of values that are saturated is a problem
WEIGHTS = "nn.init.kaiming_normal_"


def findings(diagnosis: "Diagnosis") -> Iterator[str]:
    """A sentence for each problem, the most serious first."""
    if diagnosis.nonfinite is not None:
        yield (f"not finite: infinity or nan starts at {described(diagnosis.nonfinite)}. "
               "Remedy: keep its inputs inside its domain, as by clamp()")
    yield from _along(diagnosis)
    if diagnosis.cut_off:
        first, more = diagnosis.cut_off[:NAMED], len(diagnosis.cut_off) - NAMED
        yield (f"no gradient: {', '.join(first)}{f' and {more:,} more' if more > 0 else ''}. "
               "Remedy: look for detach(), no_grad(), .data or a product with 0 between it and the loss")
    for group in diagnosis.activations:
        yield from _units(group)


def _along(diagnosis: "Diagnosis") -> Iterator[str]:
    """Vanishing or exploding from the last level down to the first; of a recurrent network among levels of one kind, as
    the gates of an LSTM have smaller gradients than its outputs at any time."""
    kinds: dict[int, set[str]] = {}
    for group in diagnosis.activations:
        kinds.setdefault(group.level, set()).add(group.name)
    flow = [(level, size) for level, size in diagnosis.flow.items() if size and math.isfinite(size)]
    if diagnosis.recurrent:
        flow = [(level, size) for level, size in flow if kinds[level] == kinds[flow[0][0]]]
    if len(flow) < 2:
        return
    (first, low), (last, high) = flow[0], flow[-1]
    if FADES <= low / high <= 1 / FADES:
        return
    falls = low < high
    word, verb = ("vanishing", "falls") if falls else ("exploding", "grows")
    yield (f"{word}: from level {last} down to level {first} the gradient {verb} from {high:.3g} to {low:.3g}, by a "
           f"factor of {(low / high) ** (1 / (last - first)):.2g} at each level. Remedy: {_remedy(diagnosis, falls)}")


def _remedy(diagnosis: "Diagnosis", falls: bool) -> str:
    if diagnosis.recurrent and not falls:
        return "training.clip_grad_norm before each step"
    if diagnosis.recurrent:
        gated = any(group.name == "sigmoid" for group in diagnosis.activations)
        return "1 as first bias of the gates that keep the state" if gated else "an LSTM or a GRU"
    bent = sorted({group.name for group in diagnosis.activations if _bounded(group.name)})
    if falls and bent:
        return f"relu in place of {' and '.join(bent)}, with first weights by {WEIGHTS}"
    return f"{'larger' if falls else 'smaller'} first weights: {WEIGHTS}"


def _bounded(name: str) -> bool:
    """Whether an activation is flat on both sides, as tanh is."""
    limits = TABLE[name].limits if name in TABLE else None
    return isinstance(limits, tuple) and all(map(math.isfinite, limits))


def _units(group: "GradientGroup") -> Iterator[str]:
    """What is wrong with the units of one kind at one level."""
    units = f"of {group.units:,} {group.name} units at level {group.level}"
    if group.dead > FEW:
        yield (f"dead: {round(group.dead * group.units):,} {units} get no gradient from any of {group.samples:,} inputs"
               f". Remedy: leaky_relu in place of {group.name}")
    elif group.off == 1:
        yield (f"off here: {group.units:,} {units} get no gradient from this input. "
               "Remedy: diagnose the loss of a batch, which shows whether they are dead")
    if group.saturated > MANY or group.flat > FEW:
        always = f", {round(group.flat * group.units):,} {units} for every input" * (group.flat > FEW)
        yield (f"saturated: {group.saturated:.0%} of {group.name} at level {group.level}{always}. "
               "Remedy: smaller first weights, or inputs with mean 0 and variance 1")
