/* A kiosk forgets: it asks before it clears, waits as long as somebody answers, and leaves nothing behind. */
(function () {
  "use strict";
  const root = document.documentElement;
  const body = document.body;

  /* --- larger and lower: kept for this visitor only, cleared by the reset --------------------------- */
  const VIEWS = "kiosk-view";
  const setView = (name, on) => {
    root.classList.toggle(name, on);
    document.querySelector(`[data-view="${name}"]`)?.setAttribute("aria-pressed", String(on));
  };
  const kept = (sessionStorage.getItem(VIEWS) ?? "").split(" ");
  for (const name of ["zoom-2", "low"]) setView(name, kept.includes(name) || root.classList.contains(name));

  /* --- digits --------------------------------------------------------------------------------------- */
  const MASK_AFTER_MS = 1000;
  const pads = [...document.querySelectorAll("[data-keypad]")].map(makePad);

  function makePad(pad) {
    const input = pad.querySelector("input");
    const digits = pad.querySelector("[data-keypad-digits]");
    const show = pad.querySelector("[data-keypad-show]");
    const length = Number(pad.dataset.length);
    const groups = (pad.dataset.group || String(length)).split("-").map(Number);
    let open = false, seen = -1, timer = 0;
    input.setAttribute("inputmode", "none"); // our keys, not the system's

    const paint = () => {
      let text = "", from = 0;
      for (const size of groups) {
        for (let i = from; i < Math.min(from + size, length); i += 1) {
          text += i >= input.value.length ? "_" : open || i === seen ? input.value[i] : "•";
        }
        from += size;
        if (from < length) text += " ";
      }
      digits.textContent = text;
    };
    const put = (value) => {
      const grew = value.length > input.value.length;
      input.value = value.replace(/\D/g, "").slice(0, length);
      reveal(grew);
    };
    const reveal = (grew) => {
      clearTimeout(timer);
      seen = grew ? input.value.length - 1 : -1;
      if (grew) timer = setTimeout(() => { seen = -1; paint(); }, MASK_AFTER_MS);
      paint();
    };
    pad.addEventListener("click", (event) => {
      const key = event.target.closest("[data-key]")?.dataset.key;
      if (key === "clear") put("");
      else if (key === "back") put(input.value.slice(0, -1));
      else if (key) put(input.value + key);
      if (event.target.closest("[data-keypad-show]")) {
        open = !open;
        show.setAttribute("aria-pressed", String(open));
        paint();
      }
    });
    let before = input.value.length;
    input.addEventListener("input", () => {
      input.value = input.value.replace(/\D/g, "").slice(0, length);
      reveal(input.value.length > before);
      before = input.value.length;
    });
    paint();
    return { clear: () => { open = false; put(""); } };
  }

  /* --- asks, waits, forgets -------------------------------------------------------------------------- */
  const dialog = document.getElementById("idle");
  const idleMs = 1000 * Number(body.dataset.idle || 0);
  const graceMs = 1000 * Number(body.dataset.idleGrace || 30);
  let touched = performance.now(), asked = 0, ended = false;

  const goOn = () => { asked = 0; touched = performance.now(); if (dialog.open) dialog.close(); };
  const forget = () => {
    document.querySelectorAll("form").forEach((form) => form.reset());
    pads.forEach((pad) => pad.clear());
    sessionStorage.clear();
  };
  const end = () => {
    if (ended) return;
    ended = true;
    const reset = document.querySelector("form[data-reset]");
    forget();
    document.getElementById("main").replaceChildren();
    reset.submit();
  };
  for (const kind of ["pointerdown", "keydown", "input", "scroll"]) {
    addEventListener(kind, () => { if (!asked) touched = performance.now(); }, { passive: true, capture: true });
  }
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); goOn(); });

  const tick = () => {
    const now = performance.now();
    if (!asked && now - touched >= idleMs) {
      asked = now;
      dialog.showModal();
      dialog.querySelector("[data-idle-more]").focus();
    }
    if (!asked) return;
    const left = Math.ceil((asked + graceMs - now) / 1000);
    dialog.querySelector("[data-idle-count]").textContent = String(Math.max(left, 0));
    if (left <= 0) end();
  };
  if (idleMs) setInterval(tick, 250);

  document.addEventListener("click", (event) => {
    const view = event.target.closest("[data-view]")?.dataset.view;
    if (view) {
      setView(view, !root.classList.contains(view));
      sessionStorage.setItem(VIEWS, ["zoom-2", "low"].filter((name) => root.classList.contains(name)).join(" "));
    }
    if (event.target.closest("[data-idle-more]")) goOn();
    if (event.target.closest("[data-idle-end]")) end();
  });
  document.addEventListener("submit", (event) => { if (event.target.matches("[data-reset]")) sessionStorage.clear(); });
  // A page out of the back-forward cache still shows the last person: fetch it anew.
  addEventListener("pageshow", (event) => { if (event.persisted) { forget(); location.reload(); } });
  addEventListener("pagehide", () => pads.forEach((pad) => pad.clear()));

  if (document.querySelector("[data-print-now]")) addEventListener("load", () => print());
})();
