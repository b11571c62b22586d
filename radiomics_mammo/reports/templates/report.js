"use strict";
// Tables that sort, tables as CSV, figures as SVG, and a print with everything open. Without it the page is whole.
(() => {
  const NUMBER = /^[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?(e[+-]?\d+)?$/;
  const INK = "#1c2430";

  /** A cell's own words, without the interval below them. */
  function words(cell) {
    const copy = cell.cloneNode(true);
    copy.querySelectorAll(".interval").forEach((part) => part.remove());
    return copy.textContent;
  }

  /** A number as software writes it; null for anything else. */
  function plain(text) {
    const said = text.trim().replace("\u2212", "-");
    return NUMBER.test(said) ? said.replaceAll(",", "").replace(/^\+/, "") : null;
  }

  /** What a cell is sorted by: a number ("12 of 130", "<0.001", "25.0%" too), null where it has no value. */
  function weight(cell) {
    const text = words(cell).trim();
    const head = text.replace(/ of [\d,]+$/, "").replace(/^</, "").replace(/%$/, "");
    if (head === "" || head === "\u2013") return null;
    const number = plain(head);
    return number === null ? text : Number(number);
  }

  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), "en", { numeric: true });
  }

  function sort(table, column, down) {
    const rows = [...table.tBodies[0].rows].map((row) => ({ row, key: weight(row.cells[column]) }));
    rows.sort((a, b) => {
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null); // no value: always last
      return down ? compare(b.key, a.key) : compare(a.key, b.key);
    });
    rows.forEach((one) => table.tBodies[0].append(one.row));
    [...table.tHead.rows[0].cells].forEach((cell, i) => {
      if (i === column) cell.setAttribute("aria-sort", down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    });
  }

  function sortable(table) {
    if (table.tBodies[0].rows.length < 2) return;
    [...table.tHead.rows[0].cells].forEach((cell, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...cell.childNodes);
      cell.append(button);
      button.addEventListener("click", () => {
        const was = cell.getAttribute("aria-sort");
        const numbers = [...table.tBodies[0].rows].some((row) => typeof weight(row.cells[column]) === "number");
        sort(table, column, was ? was === "ascending" : numbers);
      });
    });
  }

  /** A cell for a spreadsheet: numbers as numbers, and nothing that it would take for a formula. */
  function safe(text) {
    const number = plain(text);
    if (number !== null) return number;
    if (text === "\u2013") return "";
    return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  }

  function quoted(text) {
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }

  /** The table as CSV; a column with intervals becomes three. */
  function csv(table) {
    const rows = [...table.tBodies[0].rows];
    const heads = [...table.tHead.rows[0].cells];
    const wide = heads.map((_, i) => rows.some((row) => row.cells[i].querySelector(".interval")));
    const head = heads.flatMap((cell, i) => {
      const name = safe(cell.textContent);
      return wide[i] ? [name, `${name} low`, `${name} high`] : [name];
    });
    const lines = rows.map((row) =>
      [...row.cells].flatMap((cell, i) => {
        if (!wide[i]) return [safe(words(cell))];
        const part = cell.querySelector(".interval");
        const [low, high] = (part ? part.textContent : "").split(" to ");
        return [safe(words(cell)), safe(low || ""), safe(high || "")];
      }),
    );
    return [head, ...lines].map((cells) => `${cells.map(quoted).join(",")}\r\n`).join("");
  }

  /** The drawing as a file of its own: dark ink on white. */
  function drawing(svg) {
    const copy = svg.cloneNode(true);
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("style", `color:${INK};background:#ffffff;font-family:sans-serif`);
    return new XMLSerializer().serializeToString(copy);
  }

  function save(text, name, type) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  function button(word, label, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "save";
    made.textContent = word;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", act);
    return made;
  }

  document.querySelectorAll("table[data-file]").forEach((table) => {
    sortable(table);
    const name = `${table.dataset.file}.csv`;
    const made = button("CSV", `Save as ${name}`, () => save(csv(table), name, "text/csv"));
    (table.closest(".sheet") || table.parentNode).append(made);
  });
  document.querySelectorAll("figure[data-file]").forEach((figure) => {
    const svg = figure.querySelector("svg");
    const name = `${figure.dataset.file}.svg`;
    if (svg) figure.append(button("SVG", `Save as ${name}`, () => save(drawing(svg), name, "image/svg+xml")));
  });

  // A print shows everything.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((one) => (one.open = true));
  });
  addEventListener("afterprint", () => opened.forEach((one) => (one.open = false)));
})();
