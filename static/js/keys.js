// Keys. A control says which one presses it: data-key="e" anywhere on the page, data-card-key="a" on the focused card (on a
// page that has one card open, from its list too), data-row-key="x" in the focused row, also with Shift. A field is focused,
// everything else is clicked. Off while typing, in a dialog, or when switched off on this device.
(() => {
  const TYPING = 'textarea, select, [contenteditable], input:not([type="checkbox"], [type="radio"], [type="button"], [type="submit"])';
  const ROWS = '[data-behaviour~="list"] [data-row]';
  const off = () => localStorage.getItem("keys") === "off";
  let before = "", beforeAt = 0;

  const press = (control) => {
    if (!control || control.matches(':disabled, [aria-disabled="true"]')) return false;
    // What a pointer cannot press yet, a key cannot either: a button that has only just come to where another one was.
    if (getComputedStyle(control).pointerEvents === "none") return true;
    if (control.matches(TYPING)) control.focus();
    else control.click();
    if (control.dataset.keyFocus) document.querySelector(control.dataset.keyFocus)?.focus();
    return true;
  };
  // The last one lies on top: Escape closes a sheet before it leaves the page.
  const named = (attribute, key, root = document) =>
    [...root.querySelectorAll(`[${attribute}="${CSS.escape(key)}"]`)].findLast((control) => control.checkVisibility());

  const move = (step) => {
    const rows = [...document.querySelectorAll(ROWS)];
    const open = document.querySelector(`${ROWS} [aria-current]`);
    const at = rows.indexOf(document.activeElement?.closest("[data-row]") ?? open?.closest("[data-row]"));
    const row = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step];
    row?.querySelector("a")?.focus();
    row?.scrollIntoView({ block: "nearest" });
    row?.dispatchEvent(new Event("console:moved", { bubbles: true }));
    return rows.length > 0;
  };

  const openCard = (target) => target.matches?.("body, #main, [data-open-card]") || target.closest?.(ROWS)
    ? document.querySelector("[data-open-card] [data-lane-id]") : null;

  const inRow = (key, row) => {
    const small = key.toLowerCase(), control = row && named("data-row-key", small, row);
    control?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: key !== small }));
    return Boolean(control);
  };

  const handle = (key, target) => {
    const pair = Date.now() - beforeAt < 1200 ? `${before} ${key}` : key;
    [before, beforeAt] = [key, Date.now()];
    // First of all, or `g a` would approve what is open.
    if (pair !== key && press(named("data-key", pair))) return true;
    const card = target.closest?.("[data-lane-id]:not([data-row])") ?? openCard(target);
    return (card && press(named("data-card-key", key, card)))
      || inRow(key, target.closest?.("[data-row]")) || (key === "j" && move(1)) || (key === "k" && move(-1))
      || press(named("data-key", key));
  };

  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.defaultPrevented || event.isComposing) return;
    const sends = key === "Enter" && (event.ctrlKey || event.metaKey) && target.closest("textarea")?.form;
    if (sends) { event.preventDefault(); sends.requestSubmit(sends.querySelector('button:not([type="button"])')); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (target.matches(TYPING)) { if (key === "Escape") target.blur(); return; }
    // A key that is held down moves on, and does nothing else.
    if (event.repeat && !["j", "k"].includes(key)) return;
    if (!off() && handle(key, target)) event.preventDefault();
  });

  const box = () => document.querySelector('[data-behaviour~="keys-switch"]');
  document.addEventListener("DOMContentLoaded", () => { if (box()) box().checked = !off(); });
  document.addEventListener("change", ({ target }) => target === box() && localStorage.setItem("keys", target.checked ? "on" : "off"));
})();
