// What is selected in the inbox. Kept for this operator in this tab, so that it survives pages, views, filters, searches
// and live updates; the boxes of the rows only show it. Sent whole, whatever is on the screen.
(() => {
  const KEPT = `selection:${document.body.dataset.operator}`, CONFIRMED = `${KEPT}:confirmed`, NAMES = 3;
  const chosen = new Map(JSON.parse(sessionStorage.getItem(KEPT) ?? "[]"));
  let anchor = "", range = false, takes = "";

  const bar = () => document.getElementById("selection");
  const rows = () => [...document.querySelectorAll("#inbox-list [data-row]")];
  const boxOf = (row) => row.querySelector(".inbox-row__pick input");
  const part = (name) => bar().querySelector(`[data-selection="${name}"]`);
  const known = (row) => ({ name: row.querySelector(".inbox-row__name").textContent, resolved: "resolved" in row.dataset });
  const taken = (which) => [...chosen].filter(([, { resolved }]) => !which || resolved === (which === "resolved"));
  const put = (element, words) => { if (element.textContent !== words) element.textContent = words; };

  const where = (here) => {
    if (here.size === chosen.size) return "all on this page";
    const names = [...chosen].filter(([id]) => !here.has(id)).map(([, { name }]) => name);
    const more = names.length > NAMES ? `, +${(names.length - NAMES).toLocaleString("en")}` : "";
    const first = document.createElement("b");
    first.textContent = names.slice(0, NAMES).join(", ") + more;
    return [`${here.size || "none"} on this page, ${names.length.toLocaleString("en")} elsewhere: `, first];
  };

  const paintBar = (here) => {
    bar().classList.toggle("bulk-bar--open", chosen.size > 0);
    put(part("count"), `${chosen.size.toLocaleString("en")} selected`);
    part("where").replaceChildren(...[where(here)].flat());
    part("where").title = part("where").textContent;
    for (const [which, before] of [["open", " "], ["resolved", " with "]]) {
      const number = taken(which).length, button = bar().querySelector(`[data-takes="${which}"]`);
      put(part(which), number ? before + number.toLocaleString("en") : "");
      button.disabled = !number;
      button.title = number ? "" : `Nothing selected is ${which}`;
    }
  };

  const paint = () => {
    if (!bar()) return;
    const here = new Set();
    for (const row of rows()) {
      const box = boxOf(row);
      box.checked = chosen.has(box.value);
      if (!box.checked) continue;
      here.add(box.value);
      chosen.set(box.value, known(row));
    }
    const all = document.getElementById("pick-all");
    if (all) {
      all.checked = here.size > 0 && here.size === rows().length;
      all.indeterminate = here.size > 0 && !all.checked;
    }
    paintBar(here);
    sessionStorage.setItem(KEPT, JSON.stringify([...chosen]));
  };

  const mark = (some, on) => {
    for (const row of some) on ? chosen.set(boxOf(row).value, known(row)) : chosen.delete(boxOf(row).value);
    paint();
    window.Console.announce(`${chosen.size.toLocaleString("en")} selected`);
  };
  const clear = () => {
    if (!chosen.size) return;
    chosen.clear();
    paint();
    document.getElementById("selection-assign")?.removeAttribute("open");
  };

  // A label's click and the click that it makes on its box are two events; either may carry the Shift key.
  document.addEventListener("click", (event) => {
    if (event.target.closest?.(".inbox-row__pick")) range ||= event.shiftKey;
    const button = event.target.closest?.("#selection button");
    takes = button?.dataset.takes ?? "";
    if (button?.dataset.selection === "clear") { clear(); window.Console.announce("Nothing selected"); }
  }, true);
  document.addEventListener("change", ({ target }) => {
    if (target.id === "pick-all") mark(rows(), target.checked);
    if (!target.closest(".inbox-row__pick")) return;
    const all = rows(), at = all.indexOf(target.closest("[data-row]"));
    const from = range ? all.findIndex((row) => boxOf(row).value === anchor) : at;
    mark(all.slice(Math.min(at, from < 0 ? at : from), Math.max(at, from) + 1), target.checked);
    [anchor, range] = [target.value, false];
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.closest?.(".inbox-row__pick")) return;
    event.preventDefault();
    event.target.closest("[data-row]").querySelector("a").click();
  });
  document.addEventListener("formdata", ({ target, formData }) => {
    if (target !== bar()) return;
    formData.delete("conversation_ids");
    formData.set("conversation_ids", taken(takes).map(([id]) => id).join(","));
  });

  // A confirmed selection is let go where its send is shown, not where the button was pressed: that may be refused.
  document.addEventListener("submit", ({ target }) => {
    if (target.dataset.confirms) sessionStorage.setItem(CONFIRMED, target.dataset.confirms);
  }, true);
  const sent = document.querySelector("[data-envelope]")?.dataset.envelope;
  if (sent && sent === sessionStorage.getItem(CONFIRMED)) {
    sessionStorage.removeItem(CONFIRMED);
    sessionStorage.removeItem(KEPT);
    chosen.clear();
  }

  document.addEventListener("console:selection-spent", clear);
  document.addEventListener("htmx:after:swap", paint);
  addEventListener("pageshow", paint);
  paint();
})();
