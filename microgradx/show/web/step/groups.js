// Which boxes the picture has. A graph of up to 100 values has one for each value. A larger one is grouped: all values
// of a closed scope share a box, and so do blocks of values in a row where there are too many side by side. A click on
// a group opens it (state.open has the keys of open groups).

const SINGLE = 100;                                     // so many values are shown one by one, but where a graph has
                                                        // a limit of its own, `single`
const CROWD = 25,
  BLOCKS = 12;                                          // more boxes side by side go into so many blocks

// {items, item}: the boxes in order, and the place of the box of each node. A box is {key, title, members, level,
// path}: title is null for a single value; path, the keys of the open groups around it.
function grouped(nodes, open, single = SINGLE) {
  const items = [],
    item = nodes.map(() => -1);
  const add = (key, title, members, path) => {
    for (const k of members) item[k] = items.length;
    items.push({key, title, members, path});
  };
  const large = nodes.length > single;
  const walk = (members, level, path) => {
    const parts = new Map();                            // of this level, in the order of the first member
    for (const k of members) {
      const scope = nodes[k].scope ?? [];
      const key = scope.length > level ? `scope ${scope.slice(0, level + 1).join("/")}` : `value ${k}`;
      if (!parts.has(key)) parts.set(key, []);
      parts.get(key).push(k);
    }
    for (const [key, inside, title] of large && parts.size > CROWD ? blocks([...parts], path) : [...parts]) {
      if (key.startsWith("value ")) add(key, null, inside, path);
      else if (large && !open.has(key)) add(key, title ?? nodes[inside[0]].scope[level], inside, path);
      else walk(inside, key.startsWith("scope ") ? level + 1 : level, [...path, key]);
    }
  };
  walk(
    nodes.map((_, k) => k),
    0,
    [],
  );
  return {items, item};
}

// Many parts as blocks of neighbours, each named by its first and last value.
function blocks(parts, path) {
  const size = Math.ceil(parts.length / BLOCKS),
    found = [];
  for (let start = 0; start < parts.length; start += size) {
    const part = parts.slice(start, start + size),
      title = `values ${start + 1}\u2013${start + part.length}`;
    found.push([`block ${path.at(-1) ?? ""} ${start}`, part.flatMap(([, inside]) => inside), title]);
  }
  return found;
}

// The edges between boxes: [from, to, node, i], for single values one for each use (node, i), between groups one in
// all.
function edgesOf(nodes, {items, item}) {
  const edges = new Map();
  nodes.forEach((node, k) =>
    node.args.forEach((a, i) => {
      if (typeof a !== "number" || item[a] === item[k]) return;
      const single = items[item[k]].title === null;
      const key = single ? `${k} ${i}` : `${item[a]}>${item[k]}`;
      if (!edges.has(key)) edges.set(key, {from: item[a], to: item[k], uses: []});
      edges.get(key).uses.push([k, i]);
    }),
  );
  return [...edges.values()];
}

// The groups that must be open for node k to have a box of its own.
function aroundNode(nodes, k, open) {
  const found = new Set(open);
  for (let tries = 0; tries < 60; tries += 1) {
    const {items, item} = grouped(nodes, found);
    if (items[item[k]].title === null) break;
    found.add(items[item[k]].key);
  }
  return found;
}
