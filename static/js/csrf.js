// The page's token has one home, the meta element. Every htmx request reads it there; an answer that brings a newer one
// (after signing in over the page) renews it there and in the forms, so that an open page goes on writing.
(() => {
  const home = document.querySelector('meta[name="csrf-token"]');

  window.Console.token = () => home.content;

  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    if (ctx.request.method !== "GET") ctx.request.headers["X-CSRFToken"] = home.content;
  });

  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    const token = ctx.response.headers.get("X-CSRF-Token");
    if (!token) return;
    home.content = token;
    for (const field of document.querySelectorAll('input[name="csrf_token"]')) field.value = token;
  });
})();
