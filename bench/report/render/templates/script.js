"use strict";
const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));

// Sorting: a click on a column's name, the largest number first; names the other way round; empty places last.
function sortBy(header) {
  const table = header.closest("table"), place = header.cellIndex;
  const body = table.tBodies[0], rows = Array.from(body.rows);
  const key = (row) => row.cells[place].dataset.sort ?? row.cells[place].textContent.trim();
  const numeric = rows.some((row) => key(row) !== "") && rows.every((row) => !isNaN(key(row)));
  const before = header.getAttribute("aria-sort");
  const descending = before ? before === "ascending" : numeric;
  const sign = descending ? -1 : 1;
  rows.sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === "" || y === "") return (x === "") - (y === "");
    return sign * (numeric ? x - y : x.localeCompare(y, undefined, { numeric: true }));
  });
  body.append(...rows);
  all("th[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
  header.setAttribute("aria-sort", descending ? "descending" : "ascending");
}
all("thead button").forEach((button) => button.addEventListener("click", () => sortBy(button.closest("th"))));

// Filtering: a line is shown if its method's box is ticked, its name holds the typed words, and its ratio is chosen.
const typed = document.getElementById("typed"), boxes = all(".boxes input"), tabs = all(".tabs button");
let ratio = "";
function filter() {
  const words = typed.value.toLowerCase().split(/[\s,]+/).filter(Boolean);
  const ticked = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
  const wanted = (method) => ticked.has(method) && (!words.length || words.some((w) => method.toLowerCase().includes(w)));
  all("tr[data-method]").forEach((row) => {
    row.hidden = !wanted(row.dataset.method) || (ratio !== "" && "ratio" in row.dataset && row.dataset.ratio !== ratio);
  });
  const left = boxes.filter((box) => wanted(box.value)).length;
  document.getElementById("count").textContent = left === boxes.length ? "" : `${left} of ${boxes.length} methods shown`;
}
if (typed) {
  typed.addEventListener("input", filter);
  boxes.forEach((box) => box.addEventListener("change", filter));
  all("button[data-tick]").forEach((button) => button.addEventListener("click", () => {
    boxes.forEach((box) => { box.checked = button.dataset.tick === "all"; });
    filter();
  }));
  tabs.forEach((tab) => tab.addEventListener("click", () => {
    ratio = tab.dataset.ratio;
    tabs.forEach((other) => other.setAttribute("aria-pressed", String(other === tab)));
    filter();
  }));
  filter(); // a browser that goes back restores what was typed
}
