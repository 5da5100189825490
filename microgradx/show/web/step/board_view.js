// The board and the table as views of the state: what described() says of the current step, and every value in a row.

class Board {
  show(state) {
    const {heading, lines, heard} = described(state.at),
      place = stepName(state.at);
    write(byId("place"), place);
    write(byId("heading"), heading);
    byId("lines").replaceChildren(...lines);
    write(byId("heard"), `${place}. ${heading}. ${heard}`);
    write(byId("verdict"), state.verdict);
    const asks = hidden();
    if (byId("guess").hidden === asks || this.at !== state.at) byId("answer").value = "";
    byId("guess").hidden = !asks;
    this.at = state.at;
    if (byId("all").open) this.table(state);
  }

  // Every value as a row of the table; its name is a button to the step that computes it.
  table({graph: {nodes, uses}, at, data}) {
    const latest = new Map(seenEvents().map((event) => [event.target, event]));
    byId("rows").replaceChildren(
      ...nodes.map((node, k) => {
        const name = element("button", {}, node.name);
        name.addEventListener("click", () => go(k));
        const tree = node.op === null ? words("") : formula(rule(k).value, byName(k))[0];
        const sum = latest.has(k) ? typographic(gradientSoFar({uses}, k, latest.get(k), 6)) : "";
        const cells = [element("math:math", {}, tree), k > at ? "" : typeset(data[k]), sum];
        return element("tr", {}, element("th", {scope: "row"}, name), ...cells.map((cell) => element("td", {}, cell)));
      }),
    );
  }
}
