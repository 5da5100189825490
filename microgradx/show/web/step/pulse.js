// The way back made visible: a step sends a pulse along its edge, with 1 x 0.5 = 0.5 on it. Until it lands the sum of
// its target does not show it. Nobody who prefers reduced motion sees one.

const FLIGHT = 700;                                     // milliseconds at normal speed

const calm = matchMedia("(prefers-reduced-motion: reduce)");

// The next step; one of the way back takes off first.
function forth() {
  if (hidden()) {
    reveal("");
    return;
  }
  const at = Math.min(state.at + 1, lastStep()),
    event = eventAt(at);
  const flies = at > state.at && event && event.i !== null && event.flows && !calm.matches && !state.predict;
  if (flies) change({at, verdict: "", flight: event});
  else go(at);
}

class Pulse {
  constructor(picture) {
    this.picture = picture;
    this.flying = null;
  }

  // A view of the state: it starts a flight, or ends one.
  show({flight}) {
    if (flight === this.flying) return;
    this.flying = flight;
    this.picture.over.replaceChildren();
    if (!flight) return;
    const e = this.picture.edges.findIndex(({uses}) => uses.some(([k, i]) => k === flight.node && i === flight.i));
    if (e < 0) {
      // within a closed group
      requestAnimationFrame(() => this.flying === flight && change({flight: null}));
      return;
    }
    const [incoming, slope, gift] = [flight.incoming, flight.slope, flight.contribution].map((x) => typeset(x, 4));
    const text = `${incoming} \u00d7 ${slope} = ${gift}`;
    const half = text.length * 4.6 + 8;
    const pulse = element(
      "svg:g",
      {class: flight.contribution < 0 ? "pulse minus" : "pulse"},
      element("svg:rect", {x: -half, y: -13, width: 2 * half, height: 26, rx: 13}),
      element("svg:text", {dy: "0.35em"}, text),
    );
    this.picture.over.append(pulse);
    const start = performance.now(),
      route = this.picture.places.lines[e];
    const fly = (time) => {
      if (this.flying !== flight) return;
      const t = Math.min(1, (Math.max(0, time - start) * state.speed) / FLIGHT),
        {x, y} = route.at(1 - t * t * (3 - 2 * t));
      const edge = Math.min(Math.max(x, half + 4), Math.max(half + 4, this.picture.places.width - half - 4));
      pulse.setAttribute("transform", `translate(${round(edge)} ${round(y)})`);
      if (t < 1) requestAnimationFrame(fly);
      else change({flight: null});
    };
    fly(start);
  }
}
