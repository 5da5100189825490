// The graph as a picture: a box for every value with its number and gradient, lines from inputs to results. Leaves have
// square corners, results round ones, the output has a thick border; after the way back a line is as wide as the
// gradient that flowed along it, dashed where it is negative. A step changes only texts and classes.

const WRITTEN = 4;                                      // values with at most so many inputs show all their slopes
const WIDEST = 7;                                       // of a line, in units of the picture

class Picture {
  constructor(place) {
    this.svg = element("svg:svg", {role: "group", "aria-label": "The graph"});
    place.append(this.svg);
    this.viewport = new Viewport(this.svg);
  }

  // A view of the state (state.js).
  show(state) {
    if (this.graph !== state.graph || this.open !== state.open) this.build(state);
    this.update(state);
  }

  build({graph, open}) {
    [this.graph, this.open] = [graph, open];
    const {nodes} = graph,
      groups = grouped(nodes, open, graph.single),
      edges = edgesOf(nodes, groups);
    const labelled = edges.map(
      ({uses: [[k]], to}) => groups.items[to].title === null && nodes[k].args.length <= WRITTEN,
    );
    const places = routed(groups.items, edges, layout(groups.items, edges), labelled);
    Object.assign(this, {nodes, groups, edges, places});
    this.lines = edges.map((edge, e) => this.line(edge, places.lines[e]));
    this.boxes = groups.items.map((item, b) => this.box(item, places.boxes[b]));
    this.over = element("svg:g", {class: "flights", "aria-hidden": "true"});
    this.svg.replaceChildren(
      element("svg:defs", {}, arrow("ahead-tip", "M0 0 L8 4 L0 8 z"), arrow("back-tip", "M8 0 L0 4 L8 8 z")),
      element("svg:g", {class: "ground", "aria-hidden": "true"}, ...groundOf(groups.items, places.boxes)),
      element("svg:g", {class: "lines"}, ...this.lines.map(({all}) => all)),
      element("svg:g", {class: "boxes"}, ...this.boxes.map(({all}) => all)),
      this.over,
    );
    this.svg.classList.toggle("dense", edges.length > 300);
    this.viewport.resize(places.width, places.height);
  }

  line({uses, to}, {d, label}) {
    const [[k, i]] = uses,
      single = this.groups.items[to].title === null;
    const line = element("svg:path", {d, class: "line"}),
      touch = element("svg:path", {d, class: "touch"});
    const title = element("svg:title", {}),
      slope = element("svg:text", {class: "slope", dy: "0.35em", ...(label ?? {})});
    const rim = element("svg:rect", {class: "rim", height: LABEL.height, rx: 4});
    const all = element("svg:g", single ? {role: "button", tabindex: "0"} : {}, title, line, touch, rim, slope);
    if (single) onPress(all, () => this.viewport.dragged || choose({node: k, i}));
    return {all, line, slope, rim, title, label};
  }

  box({key, title, members}, {x, y}) {
    const node = title === null ? this.nodes[members[0]] : null;
    const text = (kind, left, down, words = "") => element("svg:text", {class: kind, x: left, y: down}, words);
    const data = text("data", 11, 42),
      grad = text("grad", 11, 60),
      hover = element("svg:title", {});
    const name = node ? node.name : title,
      sign = node ? (node.sign ?? "") : "",
      tail = name.includes("...") ? name : name.slice(name.lastIndexOf(".") + 1);
    const called = abridged(node && tail ? tail : name, sign.length > 1 ? 7 : 11);
    const all = element(
      "svg:g",
      {transform: `translate(${round(x)} ${round(y)})`, role: "button", tabindex: "0", "data-name": name},
      hover,
      ...(node
        ? []
        : [element("svg:rect", {class: "behind", x: 4, y: 4, width: BOX.width, height: BOX.height, rx: 6})]),
      element("svg:rect", {width: BOX.width, height: BOX.height, rx: node && node.op !== null ? 14 : 3}),
      text("name", 11, 22),
      text("sign", BOX.width - 10, 22, cut(sign, 7)),
      data,
      grad,
    );
    fit(all.querySelector(".name"), called, BOX.width - 22 - Math.min(7, sign.length) * 8.2 - 4 * Boolean(sign));
    onPress(all, () => {
      if (this.viewport.dragged) return;
      if (node) choose({node: members[0]});
      else {
        openGroup(key);
        this.boxes[this.groups.item[members[0]]].all.focus({preventScroll: true});      // the box it had is gone
      }
    });
    return {all, data, grad, hover, members, node};
  }

  update(state) {
    const seen = seenEvents(),
      latest = new Map(),
      passed = new Map();
    for (const event of seen) {
      latest.set(event.target, event);
      if (event.i !== null) passed.set(`${event.node} ${event.i}`, event);
    }
    const here = eventAt(state.at),
      most = Math.max(...seen.map((event) => finite(event.contribution)), 0);
    this.boxes.forEach((box) =>
      box.node ? this.value(box, state, here, latest) : this.group(box, state, here, latest),
    );
    this.edges.forEach((edge, e) => this.flow(this.lines[e], edge, state, here, passed, most));
    const [target] = [here ? here.target : state.at],
      {x, y} = this.places.boxes[this.groups.item[target]];
    this.viewport.follow(x, y, BOX.width, BOX.height);
  }

  value({all, data, grad, hover, members: [k], node}, state, here, latest) {
    const future = k > state.at,
      event = latest.get(k),
      {graph, chosen} = state;
    const words = future ? "" : brief(state.data[k], 4),
      sofar = event ? gradientSoFar(graph, k, event, 4) : "";
    assign(all, [
      node.op === null ? "leaf" : "result",
      k === root() && "root",
      future && "future",
      (here ? here.target === k : state.at === k) && "now",
      here?.node === k && here.i !== null && "from",
      chosen?.node === k && chosen.i === undefined && "chosen",
    ]);
    fit(data, typographic(words), BOX.width - 22);
    fit(grad, typographic(sofar), BOX.width - 22);
    const told = [
      node.name,
      future ? "not computed yet" : `data ${exact(state.data[k])}`,
      event ? `gradient ${exact(event.after)}${event.use < graph.uses[k] ? " so far" : ""}` : "",
    ];
    const spoken = told.filter(Boolean).join(", ");
    write(hover, spoken);
    if (all.getAttribute("aria-label") !== spoken) all.setAttribute("aria-label", spoken);
  }

  group({all, data, grad, hover, members}, state, here, latest) {
    const near = here ? members.includes(here.target) : members.includes(state.at);
    assign(all, [
      "group",
      near && "now",
      members[0] > state.at && "future",
      here && members.includes(here.node) && "from",
    ]);
    write(data, `${members.length} values`);
    const done = members.filter((k) => latest.has(k)).length;
    write(grad, done ? `${done} with grad` : "");
    write(hover, `${all.dataset.name}: ${members.length} values; press to open`);
    all.setAttribute("aria-label", hover.textContent);
  }

  flow({all, line, slope, rim, title, label}, {uses, to}, state, here, passed, most) {
    const single = this.groups.items[to].title === null,
      [[k, i]] = uses;
    const events = uses.map(([n, j]) => passed.get(`${n} ${j}`)).filter(Boolean);
    const now = here ? uses.some(([n, j]) => here.node === n && here.i === j) : single && state.at === k;
    const flowed = events.reduce((sum, event) => sum + event.contribution, 0),
      size = finite(flowed);
    const {chosen} = state;
    assign(all, [
      now && "now",
      now && here && "back",
      k > state.at && "future",
      events.length && size > 0 && "flowed",
      flowed < 0 && "minus",
      single && chosen?.node === k && chosen.i === i && "chosen",
    ]);
    const width = most > 0 && size > 0 ? 1.4 + (WIDEST - 1.4) * Math.max(0, 1 + Math.log10(size / most) / 3) : 1.4;
    line.style.strokeWidth = now ? Math.max(3.5, width) : width;
    const known = single && events[0] && events[0].slope !== null ? `\u00d7 ${typeset(events[0].slope, 4)}` : "";
    fit(slope, label ? known : "", LABEL.width);
    const half = label && known ? Math.min(LABEL.width, known.length * 8.2) / 2 + 2 : 0;
    if (label)
      Object.entries({x: label.x - half, y: label.y - LABEL.height / 2, width: 2 * half}).forEach(([key, x]) =>
        rim.setAttribute(key, round(x)),
      );
    if (!single) return;
    const [from, target] = [state.graph.nodes[state.graph.nodes[k].args[i]].name, state.graph.nodes[k].name];
    write(
      title,
      `${from} into ${target}${
        events[0]
          ? `, slope ${events[0].slope === null ? "none" : exact(events[0].slope)}, ` +
            `contribution ${exact(events[0].contribution)}`
          : ""
      }`,
    );
    if (all.getAttribute("aria-label") !== title.textContent) all.setAttribute("aria-label", title.textContent);
  }
}

const finite = (x) => (Number.isFinite(x) ? Math.abs(x) : 0);

function gradientSoFar({uses}, k, event, digits) {
  return `grad ${brief(event.after, digits)}${event.use < uses[k] ? " + \u2026" : ""}`;
}
