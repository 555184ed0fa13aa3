// The case page: copying the number, the viewer beside the papers, the sheet by sheet reconciliation.
// Everything works without it; with it, it takes fewer presses.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

function copying() {
  if (!navigator.clipboard) return;
  for (const button of all("[data-copy]")) {
    button.hidden = false;
    const words = button.querySelector("span");
    const before = words.textContent;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      words.textContent = button.dataset.copied;
      setTimeout(() => (words.textContent = before), 2000);
    });
  }
}

function viewing() {
  const viewer = document.querySelector("[data-viewer]");
  if (!viewer) return;
  const stage = viewer.querySelector("[data-stage]");
  const links = all("[data-scan]");
  let shown = -1;
  let quarter = 0;

  function show(index) {
    const link = links[index];
    shown = index;
    quarter = 0;
    const isImage = link.dataset.scan.startsWith("image/");
    const sheet = document.createElement(isImage ? "img" : "iframe");
    if (isImage) sheet.alt = link.dataset.label;
    else sheet.title = link.dataset.label;
    sheet.src = link.href;
    stage.replaceChildren(sheet);
    stage.classList.remove("is-large");
    viewer.querySelector("[data-size]").setAttribute("aria-pressed", "false");
    viewer.querySelector("[data-turn]").hidden = !isImage;
    viewer.querySelector("[data-size]").hidden = !isImage;
    viewer.querySelector("[data-name]").textContent = link.dataset.label;
    viewer.querySelector("[data-own]").href = link.href;
    viewer.hidden = false;
    for (const other of links) other.toggleAttribute("aria-current", other.href === link.href);
  }

  links.forEach((link, index) =>
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      show(index);
    }),
  );
  stage.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by && links[shown + by] && !stage.classList.contains("is-large")) show(shown + by);
  });
  viewer.querySelector("[data-turn]").addEventListener("click", () => {
    quarter = (quarter + 1) % 4;
    stage.firstElementChild.dataset.quarter = quarter;
  });
  viewer.querySelector("[data-size]").addEventListener("click", (event) => {
    const large = stage.classList.toggle("is-large");
    event.currentTarget.setAttribute("aria-pressed", String(large));
  });
  viewer.querySelector("[data-shut]").addEventListener("click", () => {
    viewer.hidden = true;
    stage.replaceChildren();
    links[shown]?.removeAttribute("aria-current");
    links[shown]?.focus();
  });
}

function reconciling() {
  for (const set of all("[data-found]")) {
    const sheets = all("[data-sheet]", set);
    const left = set.querySelector("[data-found-left]");
    const tell = () => {
      const open = sheets.filter((sheet) => !sheet.querySelector("[type=radio]:checked")).length;
      left.textContent = `${sheets.length - open} / ${sheets.length}`;
      for (const sheet of sheets) {
        const finding = sheet.querySelector("[type=radio]:checked")?.value || "";
        sheet.dataset.finding = finding;
      }
    };
    set.querySelector("[data-all-row]").hidden = false;
    set.querySelector("[data-all-ok]").addEventListener("click", () => {
      for (const sheet of sheets) {
        if (!sheet.querySelector("[type=radio]:checked")) sheet.querySelector("[value=ok]").checked = true;
      }
      tell();
    });
    for (const sheet of sheets) {
      sheet.addEventListener("change", (event) => {
        if (event.target.type === "radio") {
          for (const name of ["originals", "copies"]) {
            const count = sheet.querySelector(`input[data-${name}]`);
            if (!count) continue; // an electronic paper has no sheets to count
            const sent = sheet.dataset[name];
            if (event.target.value === "missing" && count.value === sent) count.value = "0";
            else if (event.target.value === "ok") count.value = sent;
          }
          if (event.target.value !== "ok") sheet.querySelector(".case-note input").focus({ preventScroll: true });
        }
        tell();
      });
    }
    const extras = set.querySelector("[data-extras]");
    const more = extras.querySelector("[data-more]");
    more.hidden = false;
    more.addEventListener("click", () => {
      const rows = all("[data-extra]", extras);
      const row = rows[rows.length - 1].cloneNode(true);
      for (const input of all("input", row)) input.value = "";
      more.before(row);
      row.querySelector("input").focus();
    });
    tell();
  }
}

function advising() {
  for (const box of all("[data-opens]")) {
    const text = document.getElementById(box.dataset.opens);
    const set = () => text.closest(".case-advice-text").toggleAttribute("hidden", !box.checked && !text.value);
    box.addEventListener("change", () => {
      set();
      if (box.checked) text.focus();
    });
    set();
  }
}

function sending() {
  for (const form of all("form.case-form")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "1";
      form.setAttribute("aria-busy", "true");
    });
  }
  addEventListener("pageshow", () => {
    for (const form of all("form.case-form")) {
      delete form.dataset.sent;
      form.removeAttribute("aria-busy");
    }
  });
}

function returning() {
  const wrong = document.querySelector(".case-form .case-wrong input:not([type=hidden]), .case-form .case-wrong textarea, .case-form .case-wrong select");
  const refused = document.querySelector("[data-refused]");
  if (wrong && refused && !refused.classList.contains("notice-soon")) wrong.focus();
  else refused?.focus();
}

copying();
viewing();
reconciling();
advising();
sending();
returning();
