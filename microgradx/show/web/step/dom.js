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
