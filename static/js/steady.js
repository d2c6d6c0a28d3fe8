// Rows do not jump under the pointer in a region that says data-behaviour="steady": while someone points at, types beside,
// selects or tabs through its list, a refresh that would move rows waits behind "3 new — show"; one that only changes words
// inside rows comes through.
(() => {
  const PAUSE_MS = 500, ASKED_MS = 1500;
  let pointing = false, held = false, timer = 0, asked = 0;
  const region = () => document.querySelector('[data-behaviour~="steady"]');
  const list = () => region().querySelector('[data-behaviour~="list"]');
  const pill = () => region().querySelector(".new-pill");
  const rows = (root) => [...root.querySelectorAll("[data-row]")];
  const key = (row) => `${row.id} ${row.querySelector(".inbox-row__age")?.dateTime}`;

  const busy = () => {
    const here = region(), focus = document.activeElement, selection = getSelection();
    // Whoever asked for the list as it is now gets it, though what moves away may put a row under the pointer.
    if (Date.now() - asked < ASKED_MS) return false;
    return pointing
      || here.contains(focus) && focus.matches("[data-row] a, summary, [open] *")
      || focus.matches("textarea, select, input")
      || !selection.isCollapsed && here.contains(selection.anchorNode);
  };
  const refresh = () => {
    held = false;
    htmx.trigger(region(), "console:refresh", {}, false);
  };
  const settle = () => {
    clearTimeout(timer);
    if (held) timer = setTimeout(() => held && !busy() && refresh(), PAUSE_MS);
  };

  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx } = event.detail;
    if (ctx.sourceElement !== region() || ctx.response?.status !== 200 || ctx.shown || !busy()) return;
    const coming = new DOMParser().parseFromString(ctx.text, "text/html");
    const [before, after] = [rows(region()), rows(coming)];
    if (before.map((row) => row.id).join() === after.map((row) => row.id).join()) return;
    event.preventDefault();
    held = true;
    const known = new Set(before.map(key));
    const fresh = after.filter((row) => !known.has(key(row))).length;
    const words = fresh ? `${fresh} new — show` : "The list changed — show";
    pill().lastElementChild.textContent = words;
    pill().hidden = false;
    window.Console?.announce?.(words);
  });

  const refreshNow = () => {
    asked = Date.now();
    getSelection().removeAllRanges();
    refresh();
  };
  document.addEventListener("console:selection-spent", refreshNow);
  document.addEventListener("click", ({ target }) => {
    if (!pill()?.contains(target)) return;
    document.activeElement.blur();
    list().closest(".scroll").scrollTop = 0;
    refreshNow();
  });
  document.addEventListener("pointerover", ({ target, pointerType }) => {
    pointing = pointerType === "mouse" && Boolean(list()?.contains(target));
    settle();
  });
  document.addEventListener("pointerout", ({ relatedTarget }) => { if (!relatedTarget) { pointing = false; settle(); } });
  for (const name of ["focusout", "selectionchange"]) document.addEventListener(name, settle);
})();
