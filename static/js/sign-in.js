// Signing in again over an open page: nothing on it is touched. Who comes back as somebody else gets a fresh page.
(() => {
  const dialog = document.getElementById("sign-in");

  window.Console.askToSignIn = () => {
    if (!dialog.open) htmx.ajax("GET", "/login", { target: "#sign-in", swap: "innerHTML" });
  };

  document.addEventListener("htmx:after:swap", () => {
    if (!dialog.firstElementChild) return;
    if (!dialog.open) {
      document.dispatchEvent(new Event("console:signed-out"));
      dialog.showModal();
    }
    dialog.querySelector("[autofocus]")?.focus();
  });

  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    const operator = ctx.response.headers.get("X-Signed-In");
    if (!operator) return;
    if (operator !== document.body.dataset.operator) location.reload();
    dialog.replaceChildren();
    dialog.close();
    document.dispatchEvent(new Event("console:signed-in"));
    htmx.trigger(document.body, "resync");
    window.Console.toast("You are signed in again. What you typed is still here.");
  });
  dialog.addEventListener("close", () => dialog.replaceChildren());

  // Whoever signed in in another tab comes back to a page that may go on.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || !dialog.open) return;
    htmx.ajax("GET", "/login?meanwhile=yes", { target: "#sign-in", swap: "none" });
  });
})();
