// A live region asks with the tag of what it shows, so that nothing is sent or moved when nothing changed, and says
// politely what changed when its `data-says` did.
(() => {
  let tags = new WeakMap();
  const says = new WeakMap();
  const isRegion = (element) => element?.hasAttribute?.("data-live");

  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    const region = ctx.sourceElement;
    if (!isRegion(region)) return;
    says.set(region, region.dataset.says);
    if (tags.has(region)) ctx.request.headers["If-None-Match"] = tags.get(region);
  });

  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    const region = ctx.sourceElement;
    if (!isRegion(region)) {
      // Another answer may have changed what a region shows: its tag no longer tells the truth.
      if (ctx.swap !== "none") tags = new WeakMap();
      return;
    }
    if (ctx.response?.status !== 200) return;
    const tag = ctx.response.headers.get("ETag");
    if (tag) tags.set(region, tag);
    if (region.dataset.says && region.dataset.says !== says.get(region)) window.Console.announce(region.dataset.says);
  });
})();
