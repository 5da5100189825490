// One view is seen at a time: the graph, or what is in a box. The trail above it has a button for each box that is open.

const views = [...document.querySelectorAll(".view")];
const trail = document.getElementById("trail");

// Views from the whole graph to this one.
function path(k) {
  return k === 0 ? [0] : [...path(Number(views[k].dataset.above)), k];
}

function show(k) {
  views.forEach((view, j) => (view.hidden = j !== k));
  const first = views[k].querySelector(".cluster, .node"); // on a narrow screen it may stand further right
  views[k].scrollLeft += first.getBoundingClientRect().left - views[k].getBoundingClientRect().left - 8;
  trail.replaceChildren(
    ...path(k).map((j) => {
      const button = document.createElement("button");
      button.textContent = views[j].dataset.title;
      if (j === k) button.setAttribute("aria-current", "page");
      button.addEventListener("click", () => close(k, j));
      return button;
    }),
  );
}

function open(k) {
  show(k);
  trail.lastElementChild.focus({preventScroll: true});
}

// From view k back to view j above it; the focus is on the box that was open.
function close(k, j) {
  if (j === k) return;
  const inside = path(k)[path(k).indexOf(j) + 1];
  show(j);
  views[j].querySelector(`[data-view="${inside}"]`).focus();
}

function current() {
  return views.findIndex((view) => !view.hidden);
}

for (const box of document.querySelectorAll(".opens")) {
  box.addEventListener("click", () => open(Number(box.dataset.view)));
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    open(Number(box.dataset.view));
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") close(current(), Number(views[current()].dataset.above));
});
show(0);
