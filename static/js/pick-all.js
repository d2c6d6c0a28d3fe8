// One box for all: [data-picks="<id of a form>"] ticks every box of that form, shows a mixed state, and the number that is
// ticked stands in [data-picked="<id>"].
(() => {
  const boxes = (id) => [...document.querySelectorAll(`input[type="checkbox"][name="lane_ids"][form="${CSS.escape(id)}"]`)];

  const paint = () => {
    for (const all of document.querySelectorAll("[data-picks]")) {
      const every = boxes(all.dataset.picks), ticked = every.filter((box) => box.checked).length;
      all.checked = ticked > 0 && ticked === every.length;
      all.indeterminate = ticked > 0 && !all.checked;
      const place = document.querySelector(`[data-picked="${CSS.escape(all.dataset.picks)}"]`);
      const words = ticked ? `${ticked} selected` : "None selected";
      if (place && place.textContent !== words) place.textContent = words;
    }
  };

  document.addEventListener("change", ({ target }) => {
    if (target.dataset.picks) for (const box of boxes(target.dataset.picks)) box.checked = target.checked;
    paint();
  });
  document.addEventListener("htmx:after:swap", paint);
  document.addEventListener("DOMContentLoaded", paint);
  addEventListener("pageshow", paint);
})();
