// What JavaScript adds to pages that are complete without it: suggestions, near me, copying, countdowns, and at the
// till sound, camera and answers without a page load. It makes no request to another host and sets no style.

const root = document;
const all = (selector, from = root) => [...from.querySelectorAll(selector)];

// Everything an element needs is told by its data- attributes, so that a swapped-in page is dressed by the same call.
function dress() {
  all("form[data-suggest]").forEach(suggest);
  all("[data-near]").forEach(near);
  all("[data-copy], [data-copy-link]").forEach(copy);
  all("[data-print]").forEach((button) => { button.hidden = false; button.onclick = () => print(); });
  all("[data-until]").forEach(countdown);
  all("select[data-submit]").forEach((select) => { select.onchange = () => select.form.requestSubmit(); });
  all("form[data-once]").forEach((form) => form.addEventListener("submit", once));
  all("form[data-till]").forEach(till);
  all("[data-sound]").forEach((verdict) => sound(verdict.dataset.sound));
}

/* Suggestions while typing (GET /api/v1/suggest?q=), by the combobox pattern of WAI-ARIA. */

const SUGGEST_AFTER_MS = 120;
let lists = 0;

function suggest(form) {
  const input = form.querySelector("input[name=q]");
  const list = document.createElement("div");
  list.className = "suggest";
  list.id = `suggest-${++lists}`;
  list.hidden = true;
  list.setAttribute("role", "listbox");
  form.append(list);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", list.id]]) {
    input.setAttribute(name, value);
  }
  let timer, asked = "", at = -1, request;

  const close = () => { list.hidden = true; at = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
  const choose = (index) => {
    const options = all("a", list);
    at = (index + options.length) % options.length;
    options.forEach((option, n) => option.setAttribute("aria-selected", String(n === at)));
    input.setAttribute("aria-activedescendant", options[at].id);
  };
  const show = (items) => {
    list.replaceChildren(...items.slice(0, 8).map((item, n) => {
      const option = document.createElement("a");
      const kind = document.createElement("small");
      Object.assign(option, { href: localUrl(item.url), id: `${list.id}-${n}`, textContent: item.text, tabIndex: -1 });
      option.setAttribute("role", "option");
      kind.textContent = item.kind;
      option.append(kind);
      return option;
    }));
    at = -1;
    list.hidden = items.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
  };
  const ask = async () => {
    const words = input.value.trim();
    if (words === asked) return;
    asked = words;
    request?.abort();
    if (words.length < 2) return close();
    request = new AbortController();
    try {
      const answer = await fetch(`/api/v1/suggest?q=${encodeURIComponent(words)}`, { signal: request.signal });
      if (answer.ok) show((await answer.json()).items);
    } catch { /* Typing went on, or the network is away: the form still works. */ }
  };

  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, SUGGEST_AFTER_MS); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) { event.preventDefault(); close(); }
    if (list.hidden) return;
    if (event.key === "ArrowDown") { event.preventDefault(); choose(at + 1); }
    if (event.key === "ArrowUp") { event.preventDefault(); choose(at < 0 ? -1 : at - 1); }
    if (event.key === "Enter" && at >= 0) { event.preventDefault(); all("a", list)[at].click(); }
  });
  form.addEventListener("focusout", (event) => { if (!form.contains(event.relatedTarget)) setTimeout(close, 150); });
}

// Only paths of this site are followed, whatever a list says.
function localUrl(url) {
  const parsed = new URL(url, location.origin);
  return parsed.origin === location.origin ? parsed.href : "/";
}

/* Near me: three decimals are about 100 metres, enough to sort by and no more than that. */

function near(button) {
  if (!("geolocation" in navigator)) return;
  button.hidden = false;
  button.onclick = () => {
    button.disabled = true;
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      const url = new URL(button.dataset.near || location.href, location.href);
      url.searchParams.set("near", `${coords.latitude.toFixed(3)},${coords.longitude.toFixed(3)}`);
      url.searchParams.delete("cursor");
      location.assign(localUrl(url.href));
    }, () => {
      button.disabled = false;
      say(button, "Your position is not available. Search for a street or an area instead.");
    }, { maximumAge: 60000, timeout: 10000 });
  };
}

// A word to everybody, screen readers included, right behind the element it is about.
function say(after, text) {
  let word = after.nextElementSibling;
  if (!word?.matches("[data-said]")) {
    word = document.createElement("span");
    word.dataset.said = "";
    word.className = "small muted";
    word.setAttribute("role", "status");
    after.after(word);
  }
  word.textContent = text;
}

function copy(button) {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy ?? location.href);
      say(button, "Copied.");
    } catch {
      say(button, "Copying is not allowed here.");
    }
  };
}

/* <time data-until="RFC3339" data-now="RFC3339">: counts down by the server's clock; at nought the page is asked anew. */

function countdown(time) {
  const skew = time.dataset.now ? Date.parse(time.dataset.now) - Date.now() : 0;
  const until = Date.parse(time.dataset.until);
  if (Number.isNaN(until)) return;
  const tick = () => {
    if (!time.isConnected) return clearInterval(timer);
    const left = Math.max(0, Math.round((until - Date.now() - skew) / 1000));
    const [hours, minutes, seconds] = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60];
    const two = (n) => String(n).padStart(2, "0");
    time.textContent = hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
    if (left === 0) {
      clearInterval(timer);
      if ("reload" in time.dataset) setTimeout(() => location.reload(), 1000);
    }
  };
  const timer = setInterval(tick, 1000);
  tick();
}

// A second press while the first is on its way would only wait for the same answer.
function once(event) {
  const button = event.submitter;
  if (event.target.dataset.sent) return event.preventDefault();
  event.target.dataset.sent = "1";
  if (button) button.setAttribute("aria-busy", "true");
}

// Back from the next page the form is fresh again.
addEventListener("pageshow", () => all("form[data-sent]").forEach((form) => { delete form.dataset.sent; }));

/* The till: the answer replaces the page in place, so that the sound may play; the code never gets into a URL. */

function till(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    listen();
    stopCamera();
    try {
      const body = new URLSearchParams(new FormData(form));
      const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
      replacePage(await answer.text());
    } catch {
      form.submit();
    }
  });
  const button = form.querySelector("[data-camera]");
  if (button) camera(form, button);
}

function replacePage(html) {
  const next = new DOMParser().parseFromString(html, "text/html");
  document.title = next.title;
  document.body.replaceWith(document.adoptNode(next.body));
  scrollTo(0, 0);
  dress();
  root.querySelector("[autofocus], h1[tabindex]")?.focus();
}

let stream;

function stopCamera() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = undefined;
}

async function camera(form, button) {
  if (!("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia) return;
  const formats = await BarcodeDetector.getSupportedFormats();
  if (!formats.includes("qr_code")) return;
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  const video = form.querySelector("video");
  const input = form.querySelector("input[name=code]");
  button.hidden = false;
  form.querySelector("button:not([type])").classList.remove("go");
  button.onclick = async () => {
    listen();
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      return say(button, "The camera is not available. Type the code instead.");
    }
    video.srcObject = stream;
    video.hidden = false;
    button.hidden = true;
    await video.play();
    look();
  };
  const look = async () => {
    if (!stream) return;
    const [found] = await detector.detect(video).catch(() => []);
    if (found) {
      input.value = found.rawValue;
      return form.requestSubmit();
    }
    setTimeout(look, 120);
  };
}

/* Sound: two rising notes are yes, one low and long is no. Made, not loaded. */

let audio;

// Browsers allow sound only after a touch: this is called in one.
function listen() {
  try {
    audio ??= new AudioContext();
    audio.resume();
  } catch { /* Without sound, colour and word remain. */ }
}

function sound(kind) {
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(kind === "yes" ? 80 : [120, 80, 120]);
  listen();
  if (!audio) return;
  const notes = { yes: [[660, 0, .12], [990, .12, .2]], ask: [[520, 0, .15], [520, .2, .15]], no: [[196, 0, .5]] }[kind] ?? [];
  for (const [hertz, start, length] of notes) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.type = kind === "no" ? "square" : "sine";
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(.25, audio.currentTime + start);
    volume.gain.exponentialRampToValueAtTime(.001, audio.currentTime + start + length);
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + start);
    tone.stop(audio.currentTime + start + length);
  }
}

dress();
