// Colours: as the system, light or dark, kept on this device. Runs before the first paint, hence in the head.
(() => {
  const order = ["system", "light", "dark"];
  const words = { system: "as the system", light: "light", dark: "dark" };
  const kept = () => {
    const theme = localStorage.getItem("theme");
    return order.includes(theme) ? theme : "system";
  };

  const apply = () => {
    const root = document.documentElement;
    root.dataset.js = "";
    if (kept() === "system") delete root.dataset.theme;
    else root.dataset.theme = kept();
    for (const button of document.querySelectorAll('[data-behaviour~="theme"]')) {
      button.ariaLabel = button.title = `Colours: ${words[kept()]}`;
    }
  };

  document.addEventListener("click", (event) => {
    if (!event.target.closest('[data-behaviour~="theme"]')) return;
    localStorage.setItem("theme", order[(order.indexOf(kept()) + 1) % order.length]);
    apply();
    window.Console?.announce(`Colours: ${words[kept()]}`);
  });
  document.addEventListener("DOMContentLoaded", apply);
  addEventListener("storage", apply);
  apply();
})();
