// The panels of a decision: opening one puts the caret into its reason at once, before the next key could press another
// button; Escape closes it and goes back to its button.
(() => {
  const PART = ".decision__part";

  document.addEventListener("click", (event) => {
    const summary = event.target.closest?.(`${PART} > summary`);
    if (!summary) return;
    const part = summary.parentElement;
    event.preventDefault();
    part.open = !part.open;
    (part.open && part.querySelector("textarea") || summary).focus();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    const part = event.target.closest?.(PART) ?? event.target.closest?.("[data-lane-id]")?.querySelector(`${PART}[open]`);
    if (!part?.open) return;
    part.open = false;
    part.querySelector("summary").focus();
    event.preventDefault();
  });
})();
