// Ctrl-K: everything that can be done from here, by a few letters of its name. It knows no commands of its own: it offers
// the rooms of the navigation and what lies in that of the admins, what has a key on this page, and a search for what was typed.
(() => {
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const field = dialog.querySelector("input"), list = dialog.querySelector("ul");
  let commands = [], shown = [], at = 0;

  const words = (element) => {
    if (element.ariaLabel) return element.ariaLabel;
    const said = (element.closest("label") ?? element).cloneNode(true);
    for (const extra of said.querySelectorAll("kbd, .vh, .side-nav__count")) extra.remove();
    return said.textContent.trim().replace(/\s+/g, " ");
  };
  const press = (element) => {
    if (element.matches("input[type=search]")) element.focus();
    else element.click();
    if (element.dataset.keyFocus) document.querySelector(element.dataset.keyFocus)?.focus();
  };
  const gather = () => ["#main [data-key]", ".side-nav__link", "#palette-rooms a", ".topbar [data-command]"]
    .flatMap((selector) => [...document.querySelectorAll(selector)])
    .filter((element) => (element.checkVisibility() || element.closest("#palette-rooms")) && !element.matches(":disabled"))
    .map((element) => ({ words: words(element), key: element.dataset.key ?? "", run: () => press(element) }))
    .filter((command, index, all) => command.words && all.findIndex((other) => other.words === command.words) === index);

  const draw = () => {
    const typed = field.value.trim(), parts = typed.toLowerCase().split(/\s+/);
    shown = commands.filter((command) => parts.every((part) => command.words.toLowerCase().includes(part)));
    if (typed) shown.push({ words: `Search conversations for “${typed}”`, key: "", run: () => { location.href = `/inbox?q=${encodeURIComponent(typed)}`; } });
    at = 0;
    list.replaceChildren(...shown.map((command, index) => {
      const item = document.createElement("li"), said = document.createElement("span");
      item.id = `command-${index}`;
      item.className = "palette__item";
      item.setAttribute("role", "option");
      said.textContent = command.words;
      item.append(said);
      for (const cap of command.key.split(" ").filter(Boolean)) {
        const key = document.createElement("kbd");
        key.className = "key";
        key.textContent = cap === "Escape" ? "Esc" : cap;
        item.append(key);
      }
      return item;
    }));
    mark();
  };
  const mark = () => {
    [...list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === at)));
    list.children[at]?.scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", shown.length ? `command-${at}` : "");
  };
  const run = (index) => {
    const command = shown[index];
    dialog.close();
    command?.run();
  };
  const open = () => {
    if (document.querySelector("dialog[open]")) return;
    commands = gather();
    field.value = "";
    draw();
    dialog.showModal();
  };

  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("click", ({ target }) => {
    if (target.closest("[data-behaviour~=palette]")) open();
  });
  field.addEventListener("input", draw);
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && shown.length) at = (at + step + shown.length) % shown.length;
    else if (event.key === "Enter") run(at);
    else return;
    event.preventDefault();
    if (step) mark();
  });
  list.addEventListener("click", ({ target }) => {
    const item = target.closest("li");
    if (item) run([...list.children].indexOf(item));
  });
})();
