// A refused request never replaces what it was about: its notice is shown at the top of the form that asked, or in the
// region that could not be refreshed. An ended sign-in is asked for over the page.
(() => {
  const slotIn = (element) => {
    const home = element.closest("form, [data-live]") ?? document.getElementById("main");
    let slot = home.querySelector(":scope > [data-problem-slot]");
    if (!slot) {
      slot = document.createElement("div");
      slot.dataset.problemSlot = "";
      if (home.id) slot.id = `problem-${home.id}`;
      home.prepend(slot);
    }
    return slot;
  };

  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    ctx.sourceElement.closest("form")?.querySelector(":scope > [data-problem-slot]")?.remove();
  });

  // A live update of the region around a form must not take away what the form was just told.
  const carryOver = (region, fragment) => {
    for (const slot of region.querySelectorAll("form[id] > [data-problem-slot]")) {
      fragment.querySelector(`form#${CSS.escape(slot.parentElement.id)}`)?.prepend(slot.cloneNode(true));
    }
  };

  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx, tasks } = event.detail;
    const problem = ctx.response?.headers.get("X-Problem");
    const main = tasks?.find((task) => task.type === "main");
    if (main && !problem && ctx.sourceElement.hasAttribute("data-live")) carryOver(ctx.sourceElement, main.fragment);
    if (!problem || !main) return;
    const target = problem === "signed_out" ? document.getElementById("sign-in") : slotIn(ctx.sourceElement);
    Object.assign(main, { target, swapSpec: { style: "innerHTML" } });
    ctx.title = "";
  });

  document.addEventListener("htmx:error", ({ detail: { ctx, error } }) => {
    if (!ctx || ctx.request.method === "GET" || error?.name === "AbortError") return;
    const slot = slotIn(ctx.sourceElement);
    const notice = document.createElement("p");
    notice.className = "notice notice--warn problem-notice";
    notice.setAttribute("role", "alert");
    notice.textContent = "The console could not be reached. What you typed is still here: try again in a moment.";
    slot.replaceChildren(notice);
  });
})();
