// Elements, made one by one: text is inserted as text, so no name or number is ever read as markup.

const SPACES = {math: "http://www.w3.org/1998/Math/MathML", svg: "http://www.w3.org/2000/svg"};

// An element with attributes and children; a string or number among the children becomes text.
function element(tag, attributes = {}, ...children) {
  const [space, name] = tag.includes(":") ? tag.split(":") : ["", tag];
  const made = space ? document.createElementNS(SPACES[space], name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function byId(id) {
  return document.getElementById(id);
}

// Writes only changes: a step in a graph of 1,000 values changes a few texts.
function write(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

// Fills a place anew; if one of its controls has the focus, the one that now stands there gets it.
function refill(place, parts) {
  const controls = () => [...place.querySelectorAll("button, select, input")],
    at = controls().indexOf(document.activeElement);
  place.replaceChildren(...parts);
  if (at < 0) return;
  const next = controls()[at];
  (next && !next.disabled ? next : controls().find(({disabled}) => !disabled))?.focus();
}

// Switches a control on or off; one that is switched off hands the focus on.
function enable(id, on, other) {
  if (!on && document.activeElement === byId(id)) byId(other).focus();
  byId(id).disabled = !on;
}

// One stop for the Tab key among many parts of a place: the arrow keys go from one to the next.
function rove(place, parts) {
  place.addEventListener("keydown", (key) => {
    const way = {ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1}[key.key],
      all = parts(),
      at = all.indexOf(key.target);
    if (!way || at < 0) return;
    key.preventDefault();
    const next = all[(at + way + all.length) % all.length];
    all[at].setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  });
}
