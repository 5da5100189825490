// Zoom and pan of a picture: it fits its window at first; the wheel, two fingers or a drag look closer, F fits again.
// It sets the viewBox of an svg; nothing else of the page knows about it.

const CLOSEST = 3;                                      // pixels for a unit of the picture, at most

class Viewport {
  constructor(svg) {
    this.svg = svg;
    this.fitted = true;
    this.size = {width: 1, height: 1};
    this.fingers = new Map();
    svg.addEventListener("wheel", (event) => this.wheel(event), {passive: false});
    svg.addEventListener("pointerdown", (event) => this.down(event));
    svg.addEventListener("pointermove", (event) => this.drag(event));
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
      svg.addEventListener(end, (event) => this.fingers.delete(event.pointerId));
    }
    new ResizeObserver(() => this.resized()).observe(svg);
  }

  // The picture has another size.
  resize(width, height) {
    this.size = {width, height};
    this.fit();
  }

  resized() {
    if (this.fitted) this.fit();
    else this.look(this.box);
  }

  window() {
    return {width: this.svg.clientWidth || 1, height: this.svg.clientHeight || 1};
  }

  // Shows the whole picture, at most half again as large as it is drawn.
  fit() {
    const {width, height} = this.window();
    const scale = Math.min(1.5, width / this.size.width, height / this.size.height);
    this.fitted = true;
    this.look({x: (this.size.width - width / scale) / 2, y: (this.size.height - height / scale) / 2, scale});
  }

  look({x, y, scale}) {
    const {width, height} = this.window();
    this.box = {x, y, scale};
    this.svg.setAttribute("viewBox", [x, y, width / scale, height / scale].map(round).join(" "));
  }

  // Zooms by a factor around a point of the window.
  zoom(factor, left = this.window().width / 2, top = this.window().height / 2) {
    const {x, y, scale} = this.box;
    const least = Math.min(0.5, this.window().width / this.size.width, this.window().height / this.size.height) / 2;
    const next = Math.min(CLOSEST, Math.max(least, scale * factor));
    this.fitted = false;
    this.look({x: x + left / scale - left / next, y: y + top / scale - top / next, scale: next});
  }

  pan(right, down) {
    const {x, y, scale} = this.box;
    this.fitted = false;
    this.look({x: x - right / scale, y: y - down / scale, scale});
  }

  // Moves until a place of the picture is in view, if the reader has zoomed in.
  follow(left, top, width, height) {
    if (this.fitted) return;
    const {x, y, scale} = this.box,
      seen = this.window();
    const inside =
      left >= x && top >= y && left + width <= x + seen.width / scale && top + height <= y + seen.height / scale;
    if (!inside) {
      this.look({x: left + width / 2 - seen.width / scale / 2, y: top + height / 2 - seen.height / scale / 2, scale});
    }
  }

  wheel(event) {
    event.preventDefault();
    const edge = this.svg.getBoundingClientRect();
    this.zoom(
      Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)),
      event.clientX - edge.left,
      event.clientY - edge.top,
    );
  }

  down(event) {
    this.fingers.set(event.pointerId, {x: event.clientX, y: event.clientY});
    this.moved = 0;
  }

  // One finger or the mouse pans; two pinch.
  drag(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before || (event.pointerType === "mouse" && event.buttons === 0)) return;
    const here = {x: event.clientX, y: event.clientY},
      edge = this.svg.getBoundingClientRect();
    const other = [...this.fingers].find(([id]) => id !== event.pointerId)?.[1];
    this.moved += Math.abs(here.x - before.x) + Math.abs(here.y - before.y);
    if (other) {
      const apart = (p) => Math.hypot(p.x - other.x, p.y - other.y) || 1;
      this.zoom(apart(here) / apart(before), (here.x + other.x) / 2 - edge.left, (here.y + other.y) / 2 - edge.top);
    } else if (this.moved > 4) {
      this.pan(here.x - before.x, here.y - before.y);
    }
    this.fingers.set(event.pointerId, here);
  }

  // Whether a click ended a drag.
  get dragged() {
    return this.moved > 4;
  }
}
