// Points, curves and gradients on the plane of the inputs.

// A unit of a network with one input, as a curve over it.
function drawCurve(canvas, numbers) {
  const {context, width, height} = drawing(canvas),
    size = sizeOf(numbers);
  context.strokeStyle = colour(inks().plus);
  context.lineWidth = 2;
  context.beginPath();
  numbers.forEach((y, k) =>
    context.lineTo((k / (numbers.length - 1)) * width, height / 2 - (y / size) * height * 0.42),
  );
  context.stroke();
}

// A unit's map, or curve, and on it, where gradients are shown, the points.
function drawUnit(map, dots, {trainer, seen, maps}, unit, isInput = false) {
  const numbers = seen.plane[unit],
    gradients = maps === "gradient";
  if (trainer.network.sizes[0] === 1) drawCurve(map, numbers);
  else paintMap(map, numbers, GRID, (gradients ? 4 : 1) * sizeOf(numbers));
  dots.hidden = !gradients || isInput;
  if (!dots.hidden) drawGradients(dots, trainer, unit);
}

// The gradient of the loss by a unit's output at each training point, as the colour of the point.
function drawGradients(canvas, {network, training}, unit) {
  const {context, width, height} = drawing(canvas),
    {dh, units} = network;
  let most = 1e-300;
  training.forEach((_, s) => {
    most = Math.max(most, Math.abs(dh[s * units + unit]) || 0);
  });
  training.forEach(({x}, s) => {
    const g = dh[s * units + unit] / most,
      [left, top] = onPlane(x, g, width, height);
    context.fillStyle = colour(shade(g));
    context.beginPath();
    context.arc(left, top, width > 100 ? 4 : 2, 0, 7);
    context.fill();
  });
}

// Where a point of the plane is on a canvas; of a curve, y is a number from -1 to 1 up its side.
function onPlane(x, y, width, height) {
  const part = (t) => (t + REACH_OF_PLANE) / (2 * REACH_OF_PLANE);
  return x.length === 1
    ? [part(x[0]) * width, height * (0.5 - 0.42 * y)]
    : [part(x[0]) * width, (1 - part(x[1])) * height];
}
