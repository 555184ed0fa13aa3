// What every page does beyond HTML: show that a press was heard, say when the line is down, close menus.
"use strict";

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button && !event.defaultPrevented) button.setAttribute("aria-busy", "true");
});

window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[aria-busy]")) button.removeAttribute("aria-busy");
});

// A session that has ended answers with the sign-in page: go there instead of swapping it in.
document.addEventListener("htmx:beforeSwap", (event) => {
  const address = new URL(event.detail.xhr.responseURL || location.href, location.href);
  if (address.pathname.endsWith("/sign-in/")) {
    event.detail.shouldSwap = false;
    location.reload();
  }
});

function say(sentence) {
  const place = document.getElementById("refusal");
  if (!place || !sentence) return;
  const box = document.createElement("div");
  box.className = "notice notice-late";
  box.setAttribute("role", "alert");
  const text = document.createElement("p");
  text.textContent = sentence;
  box.append(text);
  place.replaceChildren(box);
  place.scrollIntoView({ block: "nearest" });
}

document.addEventListener("htmx:sendError", () => {
  say(document.getElementById("refusal")?.dataset.offline);
});

document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status >= 500) say(document.getElementById("refusal")?.dataset.broken);
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
