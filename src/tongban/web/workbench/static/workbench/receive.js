// The receive page. Its form works without this file; with it, what is typed is saved at once, in order,
// one request at a time, and tried again until it has arrived. Nothing typed is ever replaced by an answer.
"use strict";

(() => {
  const form = document.getElementById("receive");
  printing();
  if (!form) return;

  const PAUSE = 400; // ms after the last key before a text is saved
  const AGAIN = 3000; // ms until a failed save is tried again
  const LIMIT = 15000; // ms after which an answer is no longer waited for
  const PASSING = ["q", "new_material", "reason", "days"]; // typed, but part of no save by itself
  const dirty = new Set(); // names of fields typed and not saved yet
  const refused = new Set(); // names of fields whose value was refused and is still shown
  const presses = []; // buttons pressed, in order
  const uploads = []; // files to be sent, in order
  const wrongs = new Map(); // what was wrong with the files last chosen for a material
  let busy = false;
  let uploading = false;
  let halted = false;
  let timer = 0;
  const failures = new Set(); // what did not arrive: save, upload, open

  // What to save

  const isSecret = (control) => control.dataset.secret !== undefined;
  const waits = (control) =>
    !isSecret(control) && control.type !== "date" && !(control.closest(".rc-count")) &&
    (control.tagName === "TEXTAREA" || control.type === "text");

  function namesOf(control) {
    if (!control.dataset.together) return [control.name];
    return [...form.querySelectorAll(`[data-together="${control.dataset.together}"]`)].map((c) => c.name);
  }

  function isSaved(control) {
    return control.name && control.type !== "file" && control.type !== "hidden" &&
      control.type !== "submit" && control.dataset.passing === undefined;
  }

  form.addEventListener("input", (event) => {
    const control = event.target;
    if (!isSaved(control) || !waits(control)) return;
    namesOf(control).forEach((name) => dirty.add(name));
    clearTimeout(timer);
    timer = setTimeout(flush, PAUSE);
  });

  form.addEventListener("change", (event) => {
    const control = event.target;
    if (control.type === "file") {
      takeFiles(control.files, control.name.replace("files.", ""));
      control.value = "";
      return;
    }
    if (!isSaved(control)) return;
    if (isSecret(control) && !control.value.trim()) return;
    if (waits(control) && !dirty.has(control.name)) return;
    namesOf(control).forEach((name) => dirty.add(name));
    clearTimeout(timer);
    flush();
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = event.submitter;
    if (button && button.value !== "save") press(button);
    else flush();
  });

  function press(button) {
    if (presses.some((p) => p.do === button.value)) return;
    button.setAttribute("aria-busy", "true");
    presses.push({
      do: button.value,
      names: (button.dataset.with || "").split(" ").filter(Boolean),
      key: button.dataset.once === undefined ? "" : newKey(),
      button,
    });
    clearTimeout(timer);
    flush();
  }

  function newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
  }

  // Sending: typed fields first, then the oldest press; one at a time, in order

  function body(names, more) {
    const all = new FormData(form);
    const data = new FormData();
    data.append("csrfmiddlewaretoken", all.get("csrfmiddlewaretoken"));
    for (const name of names) for (const value of all.getAll(name)) data.append(name, value);
    for (const [name, value] of Object.entries(more)) if (value) data.append(name, value);
    return data;
  }

  function said(names) {
    const all = new FormData(form);
    return new Map(names.map((name) => [name, all.getAll(name).join("\u0000")]));
  }

  async function post(data) {
    const stop = new AbortController();
    const late = setTimeout(() => stop.abort(), data.has("_file") ? LIMIT * 8 : LIMIT);
    data.delete("_file");
    try {
      const answer = await fetch(form.action, {
        method: "POST", body: data, headers: { "HX-Request": "true" }, signal: stop.signal, credentials: "same-origin",
      });
      if (answer.status >= 500) throw new Error(String(answer.status));
      return { status: answer.status, to: answer.headers.get("HX-Redirect"), html: await answer.text(), url: answer.url };
    } finally {
      clearTimeout(late);
    }
  }

  async function flush() {
    if (busy || halted) return;
    if (!dirty.size && !presses.length) return;
    busy = true;
    const names = [...dirty];
    const pressed = names.length ? null : presses[0];
    const was = said(names);
    try {
      const answer = await post(
        pressed ? body(pressed.names, { do: pressed.do, _key: pressed.key }) : body(names, {}));
      works("save");
      if (await settled(answer)) {
        const now = said(names);
        for (const name of names) if (now.get(name) === was.get(name)) dirty.delete(name);
        if (pressed) presses.shift();
        parts(answer, pressed, names);
      }
    } catch {
      fails("save");
    }
    busy = false;
    if (failures.has("save")) setTimeout(flush, AGAIN);
    else flush();
  }

  // Look at what cannot be repeated: a session that has ended, a case that has moved on, a finished form.
  async function settled(answer) {
    if (answer.url.includes("/sign-in/")) {
      fails("save");
      return false;
    }
    if (answer.to) {
      dirty.clear();
      halted = true;
      location.assign(answer.to);
      return false;
    }
    if ([401, 403, 404, 409].includes(answer.status)) {
      halted = true;
      put(answer.html);
      const moved = document.getElementById("moved");
      if (!moved.textContent.trim()) {
        const page = new DOMParser().parseFromString(answer.html, "text/html");
        const sentence = page.querySelector(".notice, [role=alert]");
        if (sentence) moved.replaceChildren(document.adoptNode(sentence));
      }
      moved.scrollIntoView({ block: "center" });
      for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
      return false;
    }
    return true;
  }

  function fails(what) {
    failures.add(what);
    document.getElementById("offline").hidden = false;
    document.getElementById("status").textContent = "";
  }

  function works(what) {
    failures.delete(what);
    document.getElementById("offline").hidden = !failures.size;
  }

  window.addEventListener("online", () => { flush(); send(); });
  window.addEventListener("beforeunload", (event) => {
    if (!halted && (dirty.size || presses.length || uploads.length)) event.preventDefault();
  });

  // Answers: parts of the page, each for the one with its id

  function parts(answer, pressed, names) {
    put(answer.html);
    for (const name of names) {
      const wrong = document.getElementById("msg-f-" + name.replaceAll(".", "-"));
      if (wrong && wrong.textContent.trim()) refused.add(name);
      else refused.delete(name);
    }
    if (!pressed) return;
    const verb = pressed.do.split(":")[0];
    if (pressed.button.isConnected) pressed.button.removeAttribute("aria-busy");
    if (verb === "correct" || verb === "phrase") focusOn(document.getElementById("advice-" + pressed.do.split(":")[1]));
    if (verb === "procedure") focusOn(document.getElementById("f-province"));
    if (verb === "add" && answer.status < 300) emptied("new_material");
    if (["receipt", "correction", "withdraw"].includes(verb)) firstWrong();
  }

  function emptied(name) {
    for (const control of form.querySelectorAll(`[name="${name}"]`)) control.value = "";
  }

  function focusOn(element) {
    if (!element) return;
    const inside = element.matches("input, select, textarea, button, a")
      ? element
      : element.querySelector(".rc-pass") || element.querySelector("input:not([type=hidden]), select, textarea, a, button");
    (inside || element).focus();
    (inside || element).scrollIntoView({ block: "nearest" });
    if (element.tagName === "TEXTAREA") element.selectionStart = element.value.length;
  }

  function firstWrong() {
    const wrong = [...form.querySelectorAll(".wrong")]
      .find((p) => p.textContent.trim() && !p.id.startsWith("msg-f-files-"));
    if (!wrong) return;
    const about = document.querySelector(`[aria-describedby~="${wrong.id}"]`);
    focusOn(about || document.getElementById(wrong.id.replace("msg-", "")) || wrong.parentElement);
  }

  function put(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const sentences = [];
    for (const part of [...holder.content.children]) {
      const old = part.id && document.getElementById(part.id);
      if (!old) continue;
      part.removeAttribute("hx-swap-oob");
      if (part.classList.contains("wrong") && part.textContent.trim()) sentences.push(part.textContent.trim());
      if (old.isEqualNode(part) && !part.querySelector("input, select, textarea")) continue;
      exchange(old, part);
    }
    for (const wrong of document.querySelectorAll(".wrong[id]")) {
      const about = document.querySelector(`[aria-describedby~="${wrong.id}"]`);
      if (!about) continue;
      if (wrong.textContent.trim()) about.setAttribute("aria-invalid", "true");
      else about.removeAttribute("aria-invalid");
    }
    if (sentences.length) document.getElementById("said").textContent = sentences.join(" ");
  }

  function exchange(old, part) {
    const active = document.activeElement;
    const focused = old.contains(active) ? active.id : "";
    const at = focused && typeof active.selectionStart === "number" ? [active.selectionStart, active.selectionEnd] : null;
    const scrolled = old.scrollTop;
    keepTyped(old, part);
    for (const details of old.querySelectorAll("details[id][open]")) {
      const same = part.querySelector("#" + CSS.escape(details.id));
      if (same) same.open = true;
    }
    old.replaceWith(part);
    if (window.htmx) window.htmx.process(part);
    part.scrollTop = scrolled;
    if (!focused) return;
    const again = document.getElementById(focused);
    if (again) again.focus({ preventScroll: true });
    if (again && at && again.setSelectionRange) try { again.setSelectionRange(...at); } catch { /* not a text */ }
  }

  // A field whose value has not been saved keeps it, whatever the answer says.
  function keepTyped(old, part) {
    for (const control of part.querySelectorAll("input, select, textarea")) {
      const unsaved = dirty.has(control.name) || refused.has(control.name) || PASSING.includes(control.name);
      if (!unsaved || !control.name || control.type === "hidden") continue;
      const was = [...old.querySelectorAll(`[name="${CSS.escape(control.name)}"]`)]
        .find((c) => c.type === control.type && (!["radio", "checkbox"].includes(c.type) || c.value === control.value));
      if (!was || (control.name === "q" && control.value)) continue;
      if (["radio", "checkbox"].includes(control.type)) control.checked = was.checked;
      else control.value = was.value;
    }
  }

  // Opening what is shut: a masked number, the chosen matter

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("[data-change]");
    if (!link || !form.contains(link)) return;
    event.preventDefault();
    const place = link.closest(".field");
    try {
      const page = await (await fetch(link.href.split("#")[0], { credentials: "same-origin" })).text();
      const fresh = new DOMParser().parseFromString(page, "text/html").getElementById(place.id);
      exchange(place, document.adoptNode(fresh));
      works("open");
      focusOn(document.getElementById(fresh.id).querySelector("input"));
    } catch {
      fails("open");
      setTimeout(() => works("open"), AGAIN);
    }
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-go], .rc-jumps a");
    if (!link) return;
    const target = document.getElementById(link.hash.slice(1));
    if (!target) return;
    event.preventDefault();
    target.scrollIntoView({ block: "start" });
    focusOn(target);
  });

  // Search: Enter goes to the results, arrows move among them

  form.addEventListener("keydown", (event) => {
    const found = document.getElementById("found");
    if (event.target.name === "q" && ["Enter", "ArrowDown"].includes(event.key)) {
      event.preventDefault();
      const first = found.querySelector("button");
      if (event.key === "ArrowDown" && first) return first.focus();
      found.addEventListener("htmx:afterSettle", () => found.querySelector("button")?.focus(), { once: true });
      window.htmx?.trigger(event.target, "find");
      return;
    }
    if (found?.contains(event.target) && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      event.preventDefault();
      const all = [...found.querySelectorAll("button")];
      const next = all.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1);
      (all[next] || document.getElementById("f-procedure")).focus();
    }
  });

  document.addEventListener("keydown", (event) => {
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
    if (!event.altKey || event.ctrlKey || event.metaKey || !digit) return;
    const card = form.querySelectorAll(".rc-card")[Number(digit[1]) - 1];
    const button = card?.querySelector(".rc-pass");
    if (!button) return;
    event.preventDefault();
    card.scrollIntoView({ block: "nearest" });
    button.click();
  });

  // Scans: each file for itself, one after the other; one that is refused leaves the others alone

  function takeFiles(files, key) {
    if (!uploads.some((u) => u.key === key)) wrongs.set(key, []);
    for (const file of files) uploads.push({ file, key, once: newKey() });
    waiting(key);
    send();
  }

  async function send() {
    if (uploading || halted || !uploads.length) return;
    uploading = true;
    const { file, key, once } = uploads[0];
    const data = body([], { _key: once, _file: "1" });
    data.append("files." + key, file, file.name);
    try {
      const answer = await post(data);
      works("upload");
      if (await settled(answer)) {
        uploads.shift();
        put(answer.html);
        const wrong = wrongOf(key);
        if (wrong?.textContent.trim()) wrongs.get(key).push(wrong.textContent.trim());
        if (wrong) wrong.textContent = wrongs.get(key).join("\n");
        waiting(key);
      }
    } catch {
      fails("upload");
    }
    uploading = false;
    if (failures.has("upload")) setTimeout(send, AGAIN);
    else send();
  }

  function wrongOf(key) {
    return document.getElementById(key.startsWith("form.") ? "msg-f-" + key.replaceAll(".", "-") : "msg-f-files-" + key);
  }

  // Show the files of a material that are still on their way.
  function waiting(key) {
    const place = document.getElementById("scans-" + key);
    for (const line of place?.querySelectorAll(".rc-sending") || []) line.remove();
    for (const upload of uploads.filter((u) => u.key === key)) {
      const line = document.createElement("span");
      line.className = "rc-sending";
      line.textContent = upload.file.name + " …";
      place?.append(line);
    }
  }

  for (const type of ["dragover", "dragleave", "drop"]) {
    form.addEventListener(type, (event) => {
      const card = event.target.closest?.(".rc-card");
      for (const other of form.querySelectorAll(".rc-over")) other.classList.remove("rc-over");
      if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
      if (!card) return;
      if (type === "dragover") card.classList.add("rc-over");
      if (type === "drop") takeFiles(event.dataTransfer.files, card.dataset.material);
    });
  }

  // Pictures in a dialog; a camera at the desk where there is one, the phone's own camera on phones

  const viewer = document.getElementById("viewer");
  const camera = document.getElementById("camera");

  form.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-view]");
    if (link && viewer.showModal && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      const inside = document.createElement(link.dataset.view === "application/pdf" ? "iframe" : "img");
      inside.src = link.href;
      inside.setAttribute(inside.tagName === "IMG" ? "alt" : "title", link.title);
      document.getElementById("viewer-title").textContent = link.title;
      document.getElementById("viewer-open").href = link.href;
      document.getElementById("viewer-body").replaceChildren(inside);
      viewer.showModal();
    }
    const label = event.target.closest("[data-camera]");
    if (label && event.target.matches("input") && navigator.mediaDevices?.getUserMedia && matchMedia("(pointer: fine)").matches) {
      event.preventDefault();
      openCamera(label.closest(".rc-card").dataset.material);
    }
  });

  for (const dialog of [viewer, camera]) {
    dialog.querySelector("[data-shut]").addEventListener("click", () => dialog.close());
  }
  viewer.addEventListener("close", () => document.getElementById("viewer-body").replaceChildren());

  async function openCamera(key) {
    const picture = document.getElementById("camera-picture");
    const words = document.getElementById("camera-said");
    const take = document.getElementById("camera-take");
    let taken = 0;
    words.textContent = "";
    camera.showModal();
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 2560 }, height: { ideal: 1920 } } });
    } catch {
      words.textContent = words.dataset.failed;
      return;
    }
    picture.srcObject = stream;
    take.onclick = () => {
      const canvas = document.createElement("canvas");
      canvas.width = picture.videoWidth;
      canvas.height = picture.videoHeight;
      canvas.getContext("2d").drawImage(picture, 0, 0);
      canvas.toBlob((blob) => {
        if (!blob) return;
        taken += 1;
        takeFiles([new File([blob], `photo-${taken}.jpg`, { type: "image/jpeg" })], key);
        words.textContent = words.dataset.taken.replace("{n}", taken);
      }, "image/jpeg", 0.9);
    };
    camera.addEventListener("close", () => {
      for (const track of stream.getTracks()) track.stop();
      picture.srcObject = null;
    }, { once: true });
  }

  // The preview page: print the very sheet that is shown
  function printing() {
    document.querySelector("[data-print]")?.addEventListener("click", (event) => {
      const sheet = document.getElementById(event.currentTarget.dataset.print);
      try {
        sheet.contentWindow.focus();
        sheet.contentWindow.print();
        event.preventDefault();
      } catch { /* the link opens the file instead */ }
    });
  }
})();
