// What is typed is kept by the server while it is typed: textarea[data-draft-key]. Words about it go to the element with
// data-draft-status="<key>".
(() => {
  const PAUSE_MS = 400, RETRY_MS = 3000, SETTLE_MS = 1500;
  const timers = new Map(), requests = new Map(), unkept = new Map();

  const say = (key, words) => {
    const place = document.querySelector(`[data-draft-status="${CSS.escape(key)}"]`);
    if (place) place.textContent = words;
  };
  const later = (key, pause) => {
    clearTimeout(timers.get(key));
    timers.set(key, setTimeout(() => keep(key), pause));
  };

  const keep = async (key) => {
    if (!unkept.has(key)) return;
    const body = unkept.get(key), request = new AbortController();
    requests.get(key)?.abort();
    requests.set(key, request);
    try {
      const answer = await fetch("/drafts", {
        method: "POST", keepalive: body.length < 20000, signal: request.signal,
        headers: { "HX-Request": "true", "X-CSRFToken": window.Console.token() },
        body: new URLSearchParams({ key, body }),
      });
      if (!answer.ok) throw Object.assign(new Error(), { status: answer.status });
      if (unkept.get(key) === body) unkept.delete(key);
      say(key, body ? `Kept at ${new Date().toTimeString().slice(0, 5)}` : "Kept as you type");
    } catch (error) {
      if (error.name === "AbortError") return;
      if (error.status === 401) window.Console.askToSignIn();
      say(key, error.status === 422 || error.status === 413 ? "Too long to be kept" : "Not kept yet, trying again");
      if (!(error.status < 500) || error.status === 401) later(key, RETRY_MS);
    }
  };

  document.addEventListener("input", ({ target }) => {
    const key = target.dataset?.draftKey;
    if (!key) return;
    unkept.set(key, target.value);
    later(key, PAUSE_MS);
  });
  document.addEventListener("submit", ({ target }) => {
    for (const { dataset: { draftKey: key } } of target.elements) {
      if (!key) continue;
      clearTimeout(timers.get(key));
      requests.get(key)?.abort();
      unkept.delete(key);
      // What was on its way may have arrived after the form, and would stand in the field again. What stands there now
      // is what is kept.
      setTimeout(() => {
        const field = document.querySelector(`[data-draft-key="${CSS.escape(key)}"]`);
        if (!field || unkept.has(key)) return;
        unkept.set(key, field.value);
        keep(key);
      }, SETTLE_MS);
    }
  });
  document.addEventListener("visibilitychange", () => document.hidden && [...unkept.keys()].forEach(keep));
  addEventListener("pagehide", () => [...unkept.keys()].forEach(keep));
})();
