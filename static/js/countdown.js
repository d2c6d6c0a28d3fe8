// The seconds in which a send can be undone: [data-behaviour="countdown"] with data-ends, a ring and a number. When they
// are over, its region is fetched anew.
(() => {
  const tick = () => {
    for (const place of document.querySelectorAll('[data-behaviour~="countdown"]')) {
      const left = Math.max(0, window.Console.until(place.dataset.ends)), whole = Math.ceil(left), ring = place.querySelector(".undo__left");
      ring.setAttribute("stroke-dasharray", `${left} ${ring.getAttribute("pathLength")}`);
      place.querySelector(".undo__n").textContent = whole;
      place.querySelector("[data-left]").textContent = whole;
      place.querySelector(".undo__ring").setAttribute("aria-label", `${whole} seconds left`);
      if (left > 0 || place.dataset.over) continue;
      place.dataset.over = "yes";
      htmx.trigger(place.closest("[data-live]"), "console:refresh", {}, false);
    }
  };
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  setInterval(tick, still ? 1000 : 100);
  document.addEventListener("htmx:after:swap", tick);
})();
