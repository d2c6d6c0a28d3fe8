// A reply and a note are two drafts in one field: choosing the other kind keeps what was typed under its own name. Text
// goes along when the other kind has none, for it was typed before the kind was chosen.
(() => {
  const typed = (field, key, value) => {
    field.dataset.draftKey = key;
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  document.addEventListener("change", ({ target }) => {
    if (target.name !== "kind" || !target.closest('[data-behaviour~="composer"]')) return;
    const field = target.form.elements.body, from = field.dataset.draftKey, to = target.dataset.draft;
    if (from === to) return;
    const mine = field.value, other = field.dataset.otherDraft ?? "";
    target.form.querySelector("[data-draft-status]").dataset.draftStatus = to;
    if (other) {
      field.dataset.otherDraft = mine;
      typed(field, to, other);
    } else if (mine) {
      typed(field, from, "");
      typed(field, to, mine);
    } else field.dataset.draftKey = to;
  });
})();
