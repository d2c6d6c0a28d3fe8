// The life of the page's one stream: open while the page is seen and signed in, awake again at once after sleep, a lost
// network or a new sign-in; its state in words in the top bar. The stream itself is htmx's hx-sse.
(() => {
  const SILENCE_MS = 40000, SLEPT_MS = 5000, JITTER_MS = 60, PATIENCE_MS = 1200;
  let connection = null, heard = Date.now(), ticked = Date.now(), jittered = 0, signedOut = false, doubt = 0;
  const live = document.getElementById("live");
  if (!live) return;

  const say = (state, word) => {
    const place = document.getElementById("connection");
    if (!place || place.dataset.state === state) return;
    place.dataset.state = state;
    place.querySelector(".topbar__live-word").textContent = word;
  };
  const doubtIt = () => {
    doubt ||= setTimeout(() => (navigator.onLine ? say("reconnecting", "Reconnecting") : say("offline", "Offline")), PATIENCE_MS);
  };
  const connect = () => {
    if (!document.hidden && !signedOut && !live._htmx?.sse) htmx.trigger(live, "console:connect", {}, false);
  };
  const wake = () => {
    heard = Date.now();
    connection?.reader?.cancel();
    connection?.delayCanceller?.();
    connect();
  };

  live.addEventListener("htmx:sse:before:connection", (event) => {
    connection = event.detail.connection;
    if (document.hidden || signedOut) event.preventDefault();
    doubtIt();
  });
  live.addEventListener("htmx:sse:after:connection", () => {
    heard = Date.now();
    clearTimeout(doubt);
    doubt = 0;
    say("live", "Live");
  });
  live.addEventListener("htmx:sse:error", (event) => {
    doubtIt();
    if (event.detail.status === 401) window.Console.askToSignIn();
  });
  live.addEventListener("htmx:error", doubtIt);
  live.addEventListener("htmx:sse:before:message", ({ detail }) => {
    heard = Date.now();
    if (["open", "heartbeat"].includes(detail.message.event) || heard - jittered < 250) return;
    jittered = heard;
    detail.waitUntil(new Promise((resume) => setTimeout(resume, Math.random() * JITTER_MS)));
  });

  document.addEventListener("console:signed-out", () => { signedOut = true; });
  document.addEventListener("console:signed-in", () => { signedOut = false; wake(); });
  document.addEventListener("visibilitychange", () => !document.hidden && wake());
  document.addEventListener("htmx:after:process", connect);
  addEventListener("online", wake);
  addEventListener("offline", doubtIt);
  setInterval(() => {
    const now = Date.now(), slept = now - ticked > SLEPT_MS;
    ticked = now;
    if (document.hidden || signedOut) return;
    if (slept || now - heard > SILENCE_MS) wake();
    else connect();
  }, 1000);
})();
