// The queue of approvals: moving by keys opens the card of the row one comes to, Enter on the open row opens its
// conversation, and the mark of the open row follows the card beside the list.
(() => {
  const list = () => document.getElementById("queue-list");
  const opened = () => document.getElementById("queue-lane")?.value;

  const mark = () => {
    for (const row of list()?.querySelectorAll("[data-row]") ?? []) {
      const open = row.dataset.laneId === opened();
      row.classList.toggle("lane-card--cursor", open);
      const link = row.querySelector("a");
      if (open) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };

  document.addEventListener("console:moved", ({ target }) => {
    if (list()?.contains(target) && target.dataset.laneId !== opened()) target.querySelector("a").click();
  });
  document.addEventListener("keydown", (event) => {
    const row = event.key === "Enter" && !event.ctrlKey && !event.metaKey && event.target.closest?.("#queue-list [data-row]");
    const door = row && row.dataset.laneId === opened() && document.getElementById("queue-open");
    if (!door) return;
    event.preventDefault();
    door.click();
  });
  document.addEventListener("htmx:after:swap", mark);
})();
