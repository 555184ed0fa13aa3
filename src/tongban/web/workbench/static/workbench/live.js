// Keeps the counters of Today fresh: hears of changes from the live process, or asks every minute.
"use strict";

(() => {
  const place = () => document.getElementById("today");
  if (!place()) return;
  const POLL = 60_000;
  let polling = 0;
  let pending = 0;

  function refresh() {
    if (document.hidden) return;
    const now = place();
    if (now) htmx.ajax("GET", now.dataset.page, { target: "#today", swap: "outerHTML" });
  }

  // Many changes at once are one refresh.
  function soon() {
    clearTimeout(pending);
    pending = setTimeout(refresh, 250);
  }

  function poll(on) {
    clearInterval(polling);
    polling = on ? setInterval(refresh, POLL) : 0;
  }

  function address() {
    const { address: given, port, token } = place().dataset;
    const base = given || `${location.protocol}//${location.hostname}:${port}`;
    return `${base}/live/?t=${encodeURIComponent(token)}`;
  }

  function listen() {
    if (!place().dataset.token || !window.EventSource) {
      poll(true);
      return;
    }
    const stream = new EventSource(address());
    stream.addEventListener("open", () => poll(false));
    stream.addEventListener("message", soon);
    stream.addEventListener("error", () => {
      if (!polling) poll(true);
      if (stream.readyState === EventSource.CLOSED) setTimeout(listen, POLL);
    });
  }

  // What was opened stays open when the lines are replaced.
  let open = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "today") open = [...place().querySelectorAll("details[open]")].map((d) => d.id);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const id of open) {
      const again = id && document.getElementById(id);
      if (again) again.open = true;
    }
    open = [];
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) soon();
  });
  listen();
})();
