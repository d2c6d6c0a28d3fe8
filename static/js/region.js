// A live region asks with the tag of what it shows, so that nothing is sent or moved when nothing changed, and says
// politely what changed when its `data-says` did. A refresh that failed is tried again: the stream may be whole, and
// nothing else would ever ask.
(() => {
  const RETRY_MS = 2000, LONGEST_MS = 30000;
  let tags = new WeakMap();
  const says = new WeakMap(), failures = new WeakMap();
  const isRegion = (element) => element?.hasAttribute?.("data-live");

  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    const region = ctx.sourceElement;
    if (!isRegion(region)) return;
    says.set(region, region.dataset.says);
    if (tags.has(region)) ctx.request.headers["If-None-Match"] = tags.get(region);
  });

  const again = (region) => {
    const before = failures.get(region) ?? 0;
    failures.set(region, before + 1);
    const pause = Math.min(RETRY_MS * 2 ** before, LONGEST_MS) * (0.75 + Math.random() / 2);
    setTimeout(() => region.isConnected && htmx.trigger(region, "console:refresh", {}, false), pause);
  };
  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    if (!isRegion(ctx.sourceElement) || !ctx.response) return;
    if (ctx.response.status === 429 || ctx.response.status >= 500) again(ctx.sourceElement);
    else failures.delete(ctx.sourceElement);
  });
  document.addEventListener("htmx:error", ({ detail: { ctx, error } }) => {
    if (isRegion(ctx?.sourceElement) && error?.name !== "AbortError") again(ctx.sourceElement);
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
