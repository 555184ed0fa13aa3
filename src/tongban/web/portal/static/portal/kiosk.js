// A terminal: counts down while nobody touches it, asks, then ends; prints; keeps no form.
"use strict";

const left = document.getElementById("kiosk-left");
const ask = document.getElementById("kiosk-ask");
const count = document.getElementById("kiosk-count");
const ASK_BEFORE = 30;
const limit = Number(left.dataset.seconds) * 1000;
let touched = Date.now();

function stay() {
  touched = Date.now();
  if (ask.open) ask.close();
}

function tick() {
  const seconds = Math.ceil((touched + limit - Date.now()) / 1000);
  if (seconds <= 0) {
    location.replace(left.dataset.end);
    return;
  }
  count.textContent = String(seconds);
  if (seconds <= ASK_BEFORE && !ask.open) ask.showModal();
}

for (const kind of ["pointerdown", "keydown", "scroll"]) {
  // Once it asks, only an answer counts: somebody who walks past and brushes the screen is not using it.
  document.addEventListener(kind, () => { if (!ask.open) touched = Date.now(); }, { passive: true });
}
document.getElementById("kiosk-stay").addEventListener("click", stay);
ask.addEventListener("cancel", stay);
setInterval(tick, 1000);

for (const form of document.forms) form.setAttribute("autocomplete", "off");
for (const input of document.querySelectorAll("input, textarea")) input.setAttribute("autocomplete", "off");
try { sessionStorage.clear(); localStorage.clear(); } catch { /* switched off: nothing is kept there */ }

const print = document.getElementById("kiosk-print");
print.hidden = false;
print.addEventListener("click", () => window.print());

// A page that comes back from the browser's memory belongs to whoever was here before.
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
