// The queue of approvals. A row opens its card beside the list, which its link does without a script too; so do the arrows
// above the card, and moving to a row by keys. Enter on the open row opens its conversation.
(() => {
  const LINKS = "#queue-list [data-row] a, #queue-bar a";
  const list = () => document.getElementById("queue-list");
  const pane = () => document.getElementById("queue-focus");
  const opened = () => document.getElementById("queue-lane")?.value;
  let marked = opened();

  const mark = () => {
    for (const row of list()?.querySelectorAll("[data-row]") ?? []) {
      const open = row.dataset.laneId === opened(), link = row.querySelector("a");
      row.classList.toggle("lane-card--cursor", open);
      if (open) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
      if (open && marked !== opened()) row.scrollIntoView({ block: "nearest" });
    }
    marked = opened();
  };

  const open = async (link) => {
    const { pathname, search } = new URL(link.href);
    await htmx.ajax("GET", `${pathname}/focus${search}`, {
      source: "#queue-list", target: "#queue-focus", swap: "outerHTML", replace: pathname + search,
    });
    if (document.activeElement === document.body) (document.getElementById(link.id) ?? pane()).focus();
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(LINKS);
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (!new URL(link.href).searchParams.has("lane")) return;
    event.preventDefault();
    open(link);
  });
  document.addEventListener("console:moved", ({ target }) => {
    if (list()?.contains(target) && target.dataset.laneId !== opened()) open(target.querySelector("a"));
  });
  document.addEventListener("keydown", (event) => {
    const plain = event.key === "Enter" && !event.ctrlKey && !event.metaKey;
    const row = plain && event.target.closest?.("#queue-list [data-row]");
    const door = row && row.dataset.laneId === opened() && document.getElementById("queue-open");
    if (!door) return;
    event.preventDefault();
    door.click();
  });
  document.addEventListener("htmx:after:swap", mark);
})();
