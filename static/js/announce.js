// Words: said politely to a screen reader, or shown for a while as a toast about what was just done.
// A server can do both with HX-Trigger: {"console:announce": "…"} or {"console:toast": "…"}.
(() => {
  const SHOWN_MS = 8000;

  const announce = (words) => {
    const place = document.getElementById("announcer");
    place.textContent = "";
    requestAnimationFrame(() => { place.textContent = words; });
  };

  const retire = (toast) => setTimeout(() => {
    if (toast.matches(":hover, :focus-within")) retire(toast);
    else toast.remove();
  }, SHOWN_MS);

  const toast = (words) => {
    const made = document.createElement("p");
    const said = document.createElement("span");
    const button = document.createElement("button");
    made.className = "toast";
    said.className = "toast__words";
    button.className = "toast__act";
    button.type = "button";
    said.textContent = words;
    button.textContent = "Dismiss";
    made.append(said, button);
    document.getElementById("toasts").append(made);
    retire(made);
  };

  window.Console = { announce, toast };
  document.addEventListener("console:announce", (event) => announce(event.detail.value));
  document.addEventListener("console:toast", (event) => toast(event.detail.value));
  document.addEventListener("click", (event) => event.target.closest(".toast__act")?.closest(".toast").remove());
  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll(".toast").forEach(retire));
})();
