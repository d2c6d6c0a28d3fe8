// Moments keep ticking: time[data-relative="ago" | "left" | "rest" | "in"] in the words of console/presenters/times.py, and
// progress[data-ends] burns down. The server's clock counts, not this device's.
(() => {
  const MINUTE = 60, HOUR = 3600, DAY = 86400;
  const stated = document.querySelector('meta[name="now"]');
  const ahead = stated ? Date.parse(stated.content) - Date.now() : 0;
  const until = (moment) => (Date.parse(moment) - Date.now() - ahead) / 1000;
  window.Console.until = until;

  const span = (seconds) => {
    const s = Math.max(0, Math.floor(seconds)), whole = (unit) => Math.floor(s / unit);
    if (s < MINUTE) return `${s} s`;
    if (s < HOUR) return `${whole(MINUTE)} m`;
    if (s < 6 * HOUR && s % HOUR >= MINUTE) return `${whole(HOUR)} h ${Math.floor((s % HOUR) / MINUTE)} m`;
    if (s < 2 * DAY) return `${whole(HOUR)} h`;
    return s < 56 * DAY ? `${whole(DAY)} d` : `${whole(7 * DAY)} w`;
  };

  const tick = () => {
    if (document.hidden) return;
    for (const time of document.querySelectorAll("time[data-relative]")) {
      const rest = until(time.dateTime);
      const style = time.dataset.relative;
      const words = style === "ago"
        ? (-rest < MINUTE ? "now" : span(-rest))
        : style === "in" ? (rest < 1 ? "now" : `in ${span(rest)}`)
          : (rest < 1 ? "time is up" : span(rest) + (style === "left" ? " left" : ""));
      if (time.textContent !== words) time.textContent = words;
    }
    for (const fuse of document.querySelectorAll("progress[data-ends]")) {
      const rest = Math.max(0, until(fuse.dataset.ends)), soon = rest * 10 < fuse.max;
      fuse.value = rest;
      fuse.classList.toggle("fuse--warn", soon);
      fuse.closest("article")?.querySelector(".clock")?.classList.toggle("clock--warn", soon);
    }
  };
  setInterval(tick, 1000);
  document.addEventListener("visibilitychange", tick);
  document.addEventListener("htmx:after:swap", tick);
})();
