// Small conveniences. Every page works without them.
(() => {
  "use strict";

  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

  // Instants in the viewer's own zone.
  const localise = (root) => {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const text = exact.format(new Date(time.dateTime));
      if ("exact" in time.dataset) time.textContent = text;
      else time.title = text;
    }
    for (const box of root.querySelectorAll("input[data-all]")) box.hidden = false;
  };

  const typing = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;

  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const search = document.getElementById("search");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  });

  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || !("all" in box.dataset)) return;
    for (const other of box.closest("table").querySelectorAll("input[name=id]")) other.checked = box.checked;
  });

  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll("details.person[open], details.ask[open]")) {
      if (!open.contains(event.target)) open.open = false;
    }
  });

  // A refresh by itself must not take away what somebody is reading or typing.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const target = event.detail.target;
    if (target.id !== "live") return;
    const selected = window.getSelection();
    const reading = target.querySelector("details[open]") !== null || target.contains(document.activeElement)
      || (selected && !selected.isCollapsed && target.contains(selected.anchorNode));
    if (event.detail.xhr.status !== 200 || reading) event.detail.shouldSwap = false;
  });

  document.addEventListener("htmx:afterSwap", () => localise(document));

  // After an action the person is told what happened: the note is where the eye and the screen reader go.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id === "live") return;
    const note = document.querySelector(".note[role=status]");
    if (note) note.scrollIntoView({ block: "nearest" });
  });

  localise(document);
})();
