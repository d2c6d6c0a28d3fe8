// [data-copies="<id of a field>"] copies what is in it, and says so. A field that is only to be copied is selected at once.
(() => {
  const source = document.querySelector('[data-behaviour="copy-source"]');
  source?.select();
  source?.addEventListener("focus", () => source.select());

  document.addEventListener("click", async ({ target }) => {
    const button = target.closest("[data-copies]");
    if (!button) return;
    const field = document.getElementById(button.dataset.copies);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      window.Console.toast("Copied.");
    } catch {
      window.Console.toast("It is selected: copy it with Ctrl-C.");
    }
  });
})();
