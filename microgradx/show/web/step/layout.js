// The layout of the picture: columns from the leaves to the root, few crossings, short lines.
//
// A layered drawing after Sugiyama, Tagawa and Toda (1981): a box is in the column after its last input, one without
// inputs just before its first use, and a line that passes a column takes a place in it. Sweeps sort each column by the
// means of its neighbours' rows and spread it out around them. `boxes` have a path, which keeps boxes of one open group
// together; `edges` have from and to, places in boxes.

const SWEEPS = 24,
  SLIM = 0.55;                                          // the height of a line, where a box has 1
const REACH = 12,
  SPOTS = 20000;                                        // if lines need more places, long ones go straight

// {column, row, bends}: for each box its column and row, for each edge the rows where it passes later columns.
function layout(boxes, edges) {
  const column = columns(boxes, edges),
    spots = [],
    place = new Map();
  const spot = (owner, at, group) => {
    const key = `${owner} ${at}`;
    if (!place.has(key)) {
      place.set(key, spots.length);
      spots.push({column: at, room: group === undefined ? SLIM : 1, group: group ?? "", before: [], after: [], row: 0});
    }
    return spots[place.get(key)];
  };
  const own = boxes.map((box, k) => spot(k, column[k], box.path.join(" ")));
  const long = edges.reduce((sum, {from, to}) => sum + Math.max(0, column[to] - column[from] - 1), 0);
  const reach = long > SPOTS ? REACH : Infinity,
    ports = portsOf(boxes, edges);
  const way = edges.map(({from, to}, e) => {
    const link = (left, right, shift) => {
      left.after.push([right, shift]);
      right.before.push([left, -shift]);
    };
    let left = own[from];
    const bends = [];
    if (column[to] > column[from] && column[to] - column[from] <= reach) {
      for (let c = column[from] + 1; c < column[to]; c += 1) {
        const bend = spot(`line ${from}`, c);
        if (!left.after.some(([other]) => other === bend)) link(left, bend, 0);  // lines from one box share it
        bends.push(bend);
        left = bend;
      }
    }
    if (column[to] > column[from]) link(left, own[to], ports[e]);
    return bends;
  });
  settle(spots);
  const top = Math.min(...spots.map((found) => found.row));
  return {
    column,
    row: own.map((found) => found.row - top),
    ports,
    bends: way.map((bends) => bends.map((found) => found.row - top)),
  };
}

// How far above or below the middle of its box each edge arrives, from -0.5 to 0.5.
function portsOf(boxes, edges) {
  const into = boxes.map(() => []);
  edges.forEach(({to}, e) => into[to].push(e));
  const ports = edges.map(() => 0);
  for (const arriving of into)
    arriving.forEach((e, i) => {
      ports[e] = (i + 0.5) / arriving.length - 0.5;
    });
  return ports;
}

// The column of each box: its longest way from a leaf. Groups may use each other; then the earlier one comes first.
function columns(boxes, edges) {
  const into = boxes.map(() => []),
    out = boxes.map(() => []),
    column = boxes.map(() => -1);
  for (const {from, to} of edges) {
    into[to].push(from);
    out[from].push(to);
  }
  const wanting = into.map((found) => found.length),
    left = new Set(boxes.keys());
  let ready = [...left].filter((k) => wanting[k] === 0);
  while (left.size) {
    const k = ready.length ? ready.pop() : Math.min(...left);
    if (!left.delete(k)) continue;
    column[k] = 1 + Math.max(-1, ...into[k].map((a) => column[a]));
    for (const next of out[k]) {
      wanting[next] -= 1;
      if (wanting[next] === 0) ready.push(next);
    }
  }
  return column.map((c, k) =>
    into[k].length || !out[k].length ? c : Math.max(0, Math.min(...out[k].map((next) => column[next])) - 1),
  );
}

// Sweeps from left to right and back.
function settle(spots) {
  const layers = [];
  for (const spot of spots) (layers[spot.column] ??= []).push(spot);
  const filled = layers.filter(Boolean);
  for (const layer of filled)
    layer.forEach((spot, k) => {
      spot.row = k;
    });
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const near = sweep % 2 === 0 ? "before" : "after";
    for (const layer of sweep % 2 === 0 ? filled : [...filled].reverse()) {
      for (const spot of layer) {
        const others = spot[near];
        spot.wish = others.length
          ? others.reduce((sum, [other, shift]) => sum + other.row + shift, 0) / others.length
          : spot.row;
      }
      const middle = new Map();
      for (const spot of layer) middle.set(spot.group, [...(middle.get(spot.group) ?? []), spot.wish]);
      const mean = (group, wish) => {
        const wishes = middle.get(group);
        return group === "" ? wish : wishes.reduce((sum, x) => sum + x, 0) / wishes.length;
      };
      layer.sort((a, b) => mean(a.group, a.wish) - mean(b.group, b.wish) || a.wish - b.wish);
      spread(
        layer.map((spot) => spot.wish),
        layer.map((spot) => spot.room),
      ).forEach((row, k) => {
        layer[k].row = row;
      });
    }
  }
}

// Positions in this order, as near to the wishes as possible (least squares), each with its room around it.
function spread(wishes, room) {
  const offsets = [],
    pools = [];
  room.reduce((edge, width) => {
    offsets.push(edge + width / 2);
    return edge + width;
  }, 0);
  // position - offset must not decrease: neighbours that would decrease are pooled and share their mean
  wishes.forEach((wish, k) => {
    let total = wish - offsets[k],
      size = 1;
    while (pools.length && pools.at(-1)[0] * size > total * pools.at(-1)[1]) {
      const [sum, many] = pools.pop();
      total += sum;
      size += many;
    }
    pools.push([total, size]);
  });
  const means = pools.flatMap(([total, size]) => Array(size).fill(total / size));
  return means.map((mean, k) => mean + offsets[k]);
}
