// A closer look at what the reader has chosen. An edge: its rule, its numbers, and the operation's curve with the
// tangent at this point. A value: the terms that its gradient receives, and the ways to the root with their products.

const WAYS = 10,
  TERM_LINES = 12;

// A click on a box or a line. A box also leads to its step: forward, the one that computes it; on the way back, the one
// that completes its gradient.
function choose(chosen) {
  const {node, i} = chosen;
  let at;
  if (state.at < count()) at = node;
  else
    at =
      count() +
      state.events.findLastIndex((event) =>
        i === undefined ? event.target === node : event.node === node && event.i === i,
      );
  change({chosen, at, verdict: "", flight: null, playing: false});
}

function openGroup(key) {
  change({open: new Set([...state.open, key])});
}

class Closer {
  constructor(place) {
    this.place = place;
  }

  // A view of the state.
  show({chosen, graph, predict, events}) {
    if (!state.open.size && document.activeElement === byId("fold")) byId("fit").focus();
    byId("fold").hidden = state.open.size === 0;
    if (this.chosen === chosen && this.events === events && this.graph === graph && this.predict === predict) return;
    Object.assign(this, {chosen, events, graph, predict});
    if (!chosen) this.place.replaceChildren(element("p", {class: "quiet"}, HINT));
    else if (predict)
      this.place.replaceChildren(element("p", {class: "quiet"}, "Not while you predict: it would tell."));
    else this.place.replaceChildren(...(chosen.i === undefined ? valueCloser(chosen.node) : edgeCloser(chosen)));
  }
}

const HINT =
  "Press a box for the terms of its gradient and its ways to the result; press a line for its slope as a tangent.";

function valueCloser(k) {
  const {
      graph: {nodes},
      data,
      events,
      grads,
    } = state,
    frozen = slopesOf(nodes, data);
  const terms = events.filter((event) => event.target === k),
    name = nameOf(k),
    y = nameOf(root());
  const found = paths(nodes, frozen, k, WAYS),
    ways = pathCount(nodes, frozen, k);
  const listed = terms
    .slice(0, TERM_LINES)
    .map(({node, i, slope, incoming, contribution, flows}) =>
      element(
        "li",
        {},
        i === null
          ? "1: the result itself"
          : flows
            ? `${typeset(contribution)} = ${typeset(incoming)} \u00d7 ${typeset(slope)}, from ${nameOf(node)}`
            : `nothing from ${nameOf(node)}: no gradient flows here`,
      ),
    );
  const routes = found
    .filter(({path}) => path.length)
    .map(({path, product}) =>
      element("li", {}, `${typeset(product)}: ${[name, ...path.map(([n]) => nameOf(n))].join(" \u2192 ")}`),
    );
  return [
    element("h3", {}, `${name} = ${typeset(data[k])}, grad(${name}) = ${typeset(grads[k])}`),
    element(
      "p",
      {},
      terms.length > 1 ? `A sum of ${terms.length} terms, one for each use:` : "One term, for its one use:",
    ),
    element("ul", {}, ...listed),
    ...(terms.length > TERM_LINES ? [element("p", {class: "quiet"}, `and ${terms.length - TERM_LINES} more`)] : []),
    ...(routes.length
      ? [
          element(
            "p",
            {},
            ways > routes.length
              ? `${many(ways)} ways lead to ${y}; the ${routes.length} with the largest products of slopes:`
              : `${ways === 1 ? "The one way" : `All ${ways} ways`} to ${y}, with the product of the slopes:`,
          ),
          element("ol", {}, ...routes),
        ]
      : []),
  ];
}

function edgeCloser({node, i}) {
  const {
      graph: {nodes},
      data,
      events,
    } = state,
    event = events.find((e) => e.node === node && e.i === i);
  const lines = [formulaLine(node), ...slopeLines(event, false), ...kinkLines(event), chainLine(event, false)];
  return [
    element("h3", {}, `How ${nameOf(node)} changes with ${nameOf(event.target)}`),
    element("dl", {class: "lines"}, ...lines),
    ...curve(nodes[node], data, i, event.slope),
  ];
}

const many = (ways) => (Number.isSafeInteger(ways) ? ways.toLocaleString("en") : "Very many");
