// Warns before the session ends for want of activity, and keeps what was typed when it has ended.
"use strict";

(() => {
  const box = document.getElementById("idle");
  if (!box || !box.showModal) return;
  const WARN = 60; // seconds before the end
  const PULSE = 120; // seconds between two signs of life while somebody types or moves
  const now = () => Date.now() / 1000;
  let endsAt = Infinity;
  let toldAt = now();
  let movedAt = now();
  let account = "";

  async function ask(method) {
    const token = JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] || "";
    const headers = method === "POST" ? { "X-CSRFToken": token } : {};
    const answer = await fetch(box.dataset.alive, { method, headers, cache: "no-store" });
    if (!answer.headers.get("Content-Type")?.includes("json")) throw new Error("not an answer");
    const said = await answer.json();
    endsAt = now() + said.left;
    if (said.account && !account) account = said.account;
    return said;
  }

  function show(which) {
    for (const part of box.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== which;
    if (!box.open) box.showModal();
  }

  // Forms on this page were drawn for the session that ended.
  function renew(token) {
    for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = token;
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  }

  async function stay() {
    toldAt = now();
    const said = await ask("POST");
    if (said.left > WARN && box.open) box.close();
  }

  async function back() {
    const said = await ask("GET");
    const mine = said.left > 0 && said.account === account;
    box.querySelector("[data-still]").hidden = mine;
    if (!mine) return;
    renew(said.token);
    box.close();
  }

  async function look() {
    const left = endsAt - now();
    if (left > WARN) {
      if (movedAt > toldAt && now() - toldAt > PULSE) await stay();
      return;
    }
    if (box.open && !box.querySelector("[data-when=over]").hidden) return;
    if (!box.open) await ask("GET"); // another tab may have gone on meanwhile
    const still = Math.max(0, Math.round(endsAt - now()));
    if (still > WARN) return;
    box.querySelector("[data-left]").textContent = ` ${still} s`;
    show(still > 0 ? "soon" : "over");
  }

  for (const sign of ["input", "keydown", "pointerdown"]) {
    document.addEventListener(sign, () => { movedAt = now(); }, { passive: true });
  }
  box.addEventListener("cancel", (event) => event.preventDefault());
  box.addEventListener("click", (event) => {
    const act = { stay, back }[event.target.dataset?.do];
    if (act) act().catch(() => {});
  });
  ask("GET").catch(() => {});
  setInterval(() => look().catch(() => {}), 1000);
})();
