// Nobody loses work to a live update: what was typed stays, and nothing moves between pointer-down and click.
(() => {
  const waiting = new Set();
  let morphing = false;
  let held = false;

  const isRegion = (element) => element?.hasAttribute?.("data-live");

  const edited = (field) => {
    if (field.tagName === "TEXTAREA") return field.value !== field.defaultValue;
    if (field.tagName === "SELECT" && !field.multiple) {
      const given = [...field.options].findIndex((option) => option.defaultSelected);
      return field.selectedIndex !== Math.max(given, 0);
    }
    return field.tagName === "INPUT" && field.value !== field.defaultValue;
  };

  // What an answer takes the place of still stands while the answer comes in: an open panel in it would close the answer's
  // panel of the same name, and the size that a field was drawn to is a style, which the policy does not let htmx copy.
  const standAside = ({ tasks, ctx }) => {
    if (ctx.response?.headers.has("X-Problem")) return;
    for (const { target } of tasks ?? []) {
      for (const old of [target, ...target?.querySelectorAll?.("details[name], [style]") ?? []]) {
        old?.removeAttribute?.("style");
        if (old?.tagName === "DETAILS") old.removeAttribute("name");
      }
    }
  };

  htmx.registerExtension("guard", {
    htmx_before_morph_node: (node) => !(morphing && /^(TEXTAREA|SELECT)$/.test(node.tagName) && edited(node)),
    htmx_before_morph_attr: (node, { attrName }) => !(morphing && attrName === "value" && edited(node)),
  });

  document.addEventListener("htmx:before:swap", (event) => {
    // It has had the focus once; left there, it would take the focus again at each update.
    for (const used of document.querySelectorAll("#main [autofocus]")) used.removeAttribute("autofocus");
    const region = event.detail.ctx.sourceElement;
    if (!isRegion(region)) return standAside(event.detail);
    if (held) {
      event.preventDefault();
      waiting.add(region);
    } else morphing = true;
  });
  document.addEventListener("htmx:finally:swap", () => { morphing = false; });

  const release = () => {
    held = false;
    for (const region of waiting) if (region.isConnected) htmx.trigger(region, "console:refresh", {}, false);
    waiting.clear();
  };
  document.addEventListener("pointerdown", () => { held = true; }, true);
  // The click comes after pointerup; a task later it has been handled.
  for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, () => setTimeout(release), true);
  addEventListener("blur", release);
})();
