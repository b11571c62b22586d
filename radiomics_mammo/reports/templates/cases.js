// Search and filters of the cases. Without this script every case is shown.
(function () {
  "use strict";
  const form = document.querySelector(".case-filters");
  if (!form) return;
  const cards = Array.from(document.querySelectorAll(".case-card"));
  const lines = Array.from(document.querySelectorAll(".case-table tbody .case-item"));
  const shown = document.getElementById("cases-shown");
  const fold = (text) => text.toLowerCase().replace(/\s+/g, " ");
  // Text is read once: reading it again at every key would lay the page out.
  const items = cards.concat(lines).map((element) => ({ element, text: "", out: false }));
  let indexed = false;
  function index() {
    if (indexed) return;
    indexed = true;
    for (const item of items) {
      const label = item.element.querySelector(".waterfall");
      item.text = fold(item.element.textContent + " " + (label ? label.getAttribute("aria-label") : ""));
    }
    // A line is found by what its card says, too.
    const byAnchor = new Map(items.slice(0, cards.length).map((item) => ["#" + item.element.id, item.text]));
    for (const item of items.slice(cards.length)) {
      const link = item.element.querySelector("a");
      if (link) item.text += " " + (byAnchor.get(link.getAttribute("href")) || "");
    }
  }
  function apply() {
    index();
    const words = fold(form.elements.search.value).trim().split(" ").filter(Boolean);
    const wanted = Array.from(form.querySelectorAll("select"))
      .filter((one) => one.value)
      .map((one) => [one.name, one.value.slice(1)]);
    const counts = [0, 0];
    items.forEach((item, i) => {
      const has = ([name, value]) => item.element.getAttribute(`data-${name}`) === value;
      const out = !(wanted.every(has) && words.every((one) => item.text.includes(one)));
      if (out !== item.out) item.element.classList.toggle("out", (item.out = out));
      if (!out) counts[i < cards.length ? 0 : 1] += 1;
    });
    for (const none of document.querySelectorAll(".case-none")) {
      none.hidden = none.previousElementSibling.querySelector(".case-item:not(.out)") !== null;
    }
    shown.textContent = `Shown: ${counts[0]} of ${cards.length} cards, ${counts[1]} of ${lines.length} in the list.`;
  }
  let timer = 0;
  function later(wait) {
    clearTimeout(timer);
    timer = setTimeout(apply, wait);
  }
  form.addEventListener("input", (event) => later(event.target.type === "search" ? 150 : 0));
  form.addEventListener("reset", () => later(0)); // the fields are empty only after this event
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    later(0);
  });
  form.hidden = false;
})();
