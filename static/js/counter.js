// How much of a field is used: "43 of 2,000" in the element with data-counter-for="<id of the field>".
(() => {
  const count = (field) => {
    const place = field.id && document.querySelector(`[data-counter-for="${CSS.escape(field.id)}"]`);
    if (place) place.textContent = `${[...field.value].length.toLocaleString("en")} of ${field.maxLength.toLocaleString("en")}`;
  };
  const all = () => document.querySelectorAll("[data-counter-for]").forEach((place) => {
    const field = document.getElementById(place.dataset.counterFor);
    if (field) count(field);
  });
  document.addEventListener("input", ({ target }) => target.maxLength > 0 && count(target));
  document.addEventListener("htmx:after:swap", all);
  document.addEventListener("DOMContentLoaded", all);
})();
