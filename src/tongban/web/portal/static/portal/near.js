// Asks the browser where it is, when somebody presses the button, and opens the page with that position.
"use strict";

const button = document.getElementById("near-me");
const said = document.getElementById("near-said");

if (button && "geolocation" in navigator) {
  button.hidden = false;
  button.addEventListener("click", () => {
    said.textContent = said.dataset.asking;
    button.setAttribute("aria-busy", "true");
    navigator.geolocation.getCurrentPosition(
      (found) => {
        // Three decimals are some hundred metres: enough to sort windows, less than where exactly somebody is.
        const at = `${found.coords.latitude.toFixed(3)},${found.coords.longitude.toFixed(3)}`;
        location.assign(`${location.pathname}?at=${at}`);
      },
      () => {
        button.removeAttribute("aria-busy");
        said.textContent = said.dataset.refused;
      },
      { timeout: 10000, maximumAge: 60000 },
    );
  });
}
