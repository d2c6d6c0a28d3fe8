// A pressed button rests until its answer. It keeps the focus (aria-disabled, not disabled), and a second press does nothing.
(() => {
  const buttons = (form) => [...form.elements].filter((element) => element.type === "submit");

  const rest = (form, resting) => {
    form.toggleAttribute("data-sending", resting);
    form.ariaBusy = resting ? "true" : null;
    for (const button of buttons(form)) {
      if (resting) button.setAttribute("aria-disabled", "true");
      else button.removeAttribute("aria-disabled");
    }
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.hasAttribute("data-sending")) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    // htmx validates and serialises first; marking after this task changes nothing of what is sent.
    setTimeout(() => (form.matches("[data-htmx-powered]") || !event.defaultPrevented) && form.isConnected && rest(form, true));
  }, true);

  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    const form = ctx.sourceElement.closest?.("form");
    // After the task that marks it, should the answer have come as fast as that.
    if (form) setTimeout(() => rest(form, false));
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sending]").forEach((form) => rest(form, false)));
})();
