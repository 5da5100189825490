// Numbers as colours on a canvas: blue above 0, orange below, the colour of the card at 0.

const INKS = {
  light: {plus: [11, 90, 157], zero: [255, 255, 255], minus: [190, 80, 20]},
  dark: {plus: [110, 175, 240], zero: [29, 32, 36], minus: [255, 150, 95]},
};
const dark = matchMedia("(prefers-color-scheme: dark)");
dark.addEventListener("change", () => askFrame());

const inks = () => INKS[dark.matches ? "dark" : "light"];
const colour = ([r, g, b]) => `rgb(${r} ${g} ${b})`;

// The colours of 256 numbers from -1 to 1, made once for each scheme: a map has a thousand points.
const SHADES = {};

function shades() {
  const scheme = dark.matches ? "dark" : "light";
  SHADES[scheme] ??= Array.from({length: 256}, (_, k) => {
    const x = k / 127.5 - 1,
      {plus, zero, minus} = INKS[scheme],
      side = x < 0 ? minus : plus;
    return zero.map((c, n) => Math.round(c + (side[n] - c) * 0.85 * Math.abs(x)));
  });
  return SHADES[scheme];
}

// The colour of x from -1 to 1.
function shade(x) {
  return shades()[Math.max(0, Math.min(255, Math.round((x + 1) * 127.5))) || 0];
}

// Fills a canvas with a map of `across` numbers in each row; `size` is the number with the full colour.
function paintMap(canvas, numbers, across, size) {
  const rows = numbers.length / across;
  if (canvas.width !== across || canvas.height !== rows) Object.assign(canvas, {width: across, height: rows});
  const context = canvas.getContext("2d"),
    image = context.createImageData(across, rows),
    {data} = image,
    ink = shades();
  for (let k = 0; k < numbers.length; k += 1) {
    const x = numbers[k] / size,
      n = x >= 1 ? 255 : x > -1 ? Math.round((x + 1) * 127.5) : x <= -1 ? 0 : 128;
    [data[4 * k], data[4 * k + 1], data[4 * k + 2]] = ink[n];
    data[4 * k + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

// The size that a map's colours go up to: 1 for bounded activations, else what it reaches.
function sizeOf(numbers) {
  let most = 0;
  for (const x of numbers) if (Math.abs(x) > most && Number.isFinite(x)) most = Math.abs(x);
  return most || 1;
}

// A canvas for drawing in its own pixels on any screen: its context, with width and height in pixels of the page.
function drawing(canvas) {
  const {clientWidth: width, clientHeight: height} = canvas,
    ratio = devicePixelRatio || 1;
  const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, {width: w, height: h});
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return {context, width, height};
}

// The line where a map changes its sign, as pieces [x1, y1, x2, y2] in units of the map from 0 to 1 (marching squares).
function boundary(numbers, across) {
  const rows = numbers.length / across,
    found = [],
    at = (r, c) => numbers[r * across + c];
  const place = (r, c) => [(c + 0.5) / across, (r + 0.5) / rows];
  const cross = (r1, c1, r2, c2) => {
    const a = at(r1, c1),
      b = at(r2, c2),
      t = a / (a - b),
      [x1, y1] = place(r1, c1),
      [x2, y2] = place(r2, c2);
    return a * b < 0 ? [x1 + t * (x2 - x1), y1 + t * (y2 - y1)] : null;
  };
  for (let r = 0; r + 1 < rows; r += 1) {
    for (let c = 0; c + 1 < across; c += 1) {
      const points = [
        cross(r, c, r, c + 1),
        cross(r, c + 1, r + 1, c + 1),
        cross(r + 1, c, r + 1, c + 1),
        cross(r, c, r + 1, c),
      ].filter(Boolean);
      for (let k = 0; k + 1 < points.length; k += 2) found.push([...points[k], ...points[k + 1]]);
    }
  }
  return found;
}
