"use strict";
// Long names break after a separator before they break anywhere else.
for (const name of document.querySelectorAll("tbody th, details li, dd")) {
  const text = (name.querySelector("a") ?? name).firstChild;
  const parts = text?.data?.match(/[^._/:-]*[._/:-]+|[^._/:-]+/g) ?? [];
  if (parts.length > 1) {
    text.replaceWith(...parts.flatMap((part) => [part, document.createElement("wbr")]));
  }
}
const body = document.querySelector("tbody");
if (body) {
  const rows = Array.from(body.rows, (row, at) => ({
    row,
    text: row.textContent.toLowerCase(),
    keys: [at, row.cells[1].textContent, row.cells[2].textContent],
  }));
  const shown = document.getElementById("shown");
  const filter = document.getElementById("filter");
  const compareText = new Intl.Collator(undefined, { numeric: true }).compare;

  const show = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { row, text } of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      count += !row.hidden;
    }
    shown.value = `${count.toLocaleString()} of ${rows.length.toLocaleString()} ${filter.dataset.rows}`;
  };

  document.querySelectorAll("thead button").forEach((button, column) => {
    button.addEventListener("click", () => {
      const head = button.parentElement;
      const down = head.getAttribute("aria-sort") === "ascending";
      document.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.sort(({ keys: a }, { keys: b }) => {
        const order = column ? compareText(a[column], b[column]) : a[0] - b[0];
        return (down ? -order : order) || a[0] - b[0];
      });
      body.append(...rows.map(({ row }) => row));
    });
  });
  filter.addEventListener("input", show);
  filter.form.addEventListener("submit", (event) => event.preventDefault());
  show();
}
