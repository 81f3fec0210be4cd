/* What every page promises: one gesture one effect, one clear sentence on failure, focus that stays, ten seconds to undo. */
(function () {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";
  const said = (name) => document.getElementById("texts")?.dataset[name] ?? "";

  /* --- one gesture, one effect -------------------------------------------------------- */
  // A key belongs to what is asked (verb, path, values), not to the element: a live morph may replace the button
  // between the lost answer and the second try. It is forgotten when the answer was a success.
  const keys = new Map();
  let latest = {}; // what last came true, and when
  const DOUBLE_MS = 500;

  // randomUUID needs a secure context, and a ward may be on plain http; getRandomValues does not.
  const freshKey = () =>
    Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(16).padStart(8, "0")).join("");

  const signature = ({ verb, path, formData }, ...without) => {
    const values = [...formData].filter(([name]) => !["csrf_token", "idempotency_key", ...without].includes(name));
    return [verb, path, ...values.map((pair) => pair.join("=")).sort()].join("\n");
  };

  document.addEventListener("htmx:configRequest", (event) => {
    const detail = event.detail;
    if (detail.verb === "get") return;
    const sign = signature(detail);
    const wish = signature(detail, "version");
    // The second half of a double click finds the first one answered, and a newer version.
    if (wish === latest.wish && performance.now() - latest.at < DOUBLE_MS) return event.preventDefault();
    if (!keys.has(sign)) keys.set(sign, freshKey());
    detail.headers["X-CSRFToken"] = meta("csrf-token");
    detail.headers["Idempotency-Key"] = keys.get(sign);
    detail.formData.delete("idempotency_key"); // the header speaks; the field is for pages without script
    detail.gesture = { sign, wish }; // its form may be another by then
  });

  const busy = new WeakMap(); // element -> the path that it waits for
  const gestureOf = (node) => node.closest?.("[hx-post]");
  document.addEventListener("htmx:beforeSend", (event) => {
    const { elt, requestConfig: { gesture, path } } = event.detail;
    if (gesture) busy.set(elt, path);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const { elt, successful, xhr, requestConfig: { gesture, path } } = event.detail;
    if (!gesture) return;
    if (busy.get(elt) === path) busy.delete(elt);
    if (successful && xhr.status < 400) {
      keys.delete(gesture.sign);
      latest = { wish: gesture.wish, at: performance.now() };
    }
  });
  // htmx would queue a second request behind a running one: right only where a push has made another form of it.
  for (const kind of ["click", "submit"]) {
    document.addEventListener(kind, (event) => {
      const one = gestureOf(event.target);
      if (one && busy.get(one) === one.getAttribute("hx-post") && (kind === "submit" || one.tagName !== "FORM")) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
    }, true);
  }
  // Plain forms: sent once; a page from the browser's cache may send again.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || gestureOf(form)) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

  /* --- one clear sentence -------------------------------------------------------------- */
  const SENTENCES = { 401: "signedOut", 403: "forbidden", 404: "gone", 410: "gone", 429: "tooMany", 503: "busy" };

  function say(text, kind = "danger", seconds = 8) {
    const place = document.getElementById("toast");
    if (!place || !text) return;
    const toast = document.createElement("div");
    toast.className = `toast toast-${kind}`;
    toast.dataset.toast = "";
    toast.dataset.seconds = String(seconds);
    toast.append(Object.assign(document.createElement("p"), { textContent: text }));
    place.replaceChildren(toast);
    count(toast);
  }

  document.addEventListener("htmx:responseError", (event) => {
    const xhr = event.detail.xhr;
    let words = said(SENTENCES[xhr.status] ?? "broken");
    if ((xhr.getResponseHeader("Content-Type") ?? "").includes("json")) {
      try { words = JSON.parse(xhr.responseText).error?.message || words; } catch { /* the fixed sentence stands */ }
    }
    say(words);
  });
  for (const kind of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(kind, () => say(said("offline")));

  /* --- ten seconds to undo -------------------------------------------------------------- */
  const counting = new WeakSet();
  function count(toast) {
    if (counting.has(toast)) return;
    counting.add(toast);
    const until = performance.now() + 1000 * Number(toast.dataset.seconds || 10);
    const shown = toast.querySelector("[data-count]");
    const timer = setInterval(() => {
      const left = Math.ceil((until - performance.now()) / 1000);
      if (!toast.isConnected) return clearInterval(timer);
      if (shown) shown.textContent = String(Math.max(left, 0));
      // An undo under the finger or the focus is not taken away.
      if (left <= 0 && !toast.matches(":hover, :focus-within")) { clearInterval(timer); toast.remove(); }
    }, 250);
  }
  const countAll = () => document.querySelectorAll("[data-toast]").forEach(count);
  document.addEventListener("htmx:load", countAll);
  document.addEventListener("htmx:oobAfterSwap", countAll);

  const isTyping = (node) => node?.matches?.("input:not([type=checkbox],[type=radio],[type=button]), textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || event.key.toLowerCase() !== "z") return;
    const undo = document.querySelector("[data-toast] [data-undo]");
    if (!undo || isTyping(event.target)) return;
    event.preventDefault();
    undo.click();
  });

  /* --- focus, open menus and typed words survive a swap ---------------------------------- */
  if (window.Idiomorph) {
    // What is being typed stays; whatever else has the focus (a row, a button) is brought up to date like the rest.
    Object.defineProperty(Idiomorph.defaults, "ignoreActiveValue", { enumerable: true, get: () => isTyping(document.activeElement) });
    Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) =>
      !((name === "open" && node.matches("details, dialog")) ||
        ((name === "hidden" || name === "tabindex") && node.matches("[data-row]")));
  }
  let held = null;
  document.addEventListener("htmx:beforeSwap", () => {
    const node = document.activeElement;
    held = node && node !== document.body ? { id: node.id, row: node.closest("[data-row]")?.id } : null;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const wanted = event.target.querySelector?.("[data-focus]");
    if (wanted) return wanted.focus();
    if (!held || (document.activeElement && document.activeElement !== document.body)) return;
    (document.getElementById(held.id) ?? document.getElementById(held.row))?.focus({ preventScroll: true });
  });
  document.querySelector("[data-focus]")?.focus();

  /* --- small things that open and close -------------------------------------------------- */
  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll("details[data-closes][open]")) {
      if (!open.contains(event.target) && open.matches(".menu")) open.open = false;
    }
    if (event.target.closest("[data-print]")) print();
    const density = event.target.closest("[data-density]");
    if (density) setDensity(!root.classList.contains("comfortable"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.activeElement?.closest("details[data-closes][open]") ?? document.querySelector("details.menu[open]");
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });

  // Row height is a habit of the person, not of a patient: the one thing kept in storage.
  function setDensity(roomy) {
    root.classList.toggle("comfortable", roomy);
    document.querySelector("[data-density]")?.setAttribute("aria-pressed", String(roomy));
    try { localStorage.setItem("density", roomy ? "comfortable" : ""); } catch { /* private mode */ }
  }
  if (document.querySelector("[data-density]")) {
    let kept = "";
    try { kept = localStorage.getItem("density") ?? ""; } catch { /* private mode */ }
    setDensity(kept === "comfortable");
  }

  countAll();
  window.annae = { say };
})();
