/* The privacy lock of a staff page: a cover that keeps the page beneath, in all windows of one session alike.
   The server judges by itself and refuses whatever is asked; this only shows it, and tells that somebody is here. */
(function () {
  "use strict";
  const HERE_EVERY = 60_000;
  const ASK_AGAIN = 3000;
  const OPENING = "opening"; // this window asked for a locked page to be opened, and the next page is the answer
  const GESTURES = ["pointerdown", "pointermove", "keydown", "wheel", "touchmove"];
  const cover = document.getElementById("lock");
  const page = document.querySelector("[data-locked-page]");
  const windows = "BroadcastChannel" in window ? new BroadcastChannel("annae-lock") : null;
  const token = () => document.querySelector("meta[name=csrf-token]")?.content ?? "";
  const tell = (kind) => windows?.postMessage({ kind, at: Date.now() });
  const post = (url, values = {}) =>
    fetch(url, {
      method: "POST",
      headers: { "X-CSRFToken": token(), Accept: "application/json" },
      body: new URLSearchParams(values),
      keepalive: true,
    });

  // A page that the browser kept for its back button was made before whatever has happened since: ask anew.
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  if (page) {
    // The lock stands in the page's place: whoever opens it in another window opens it here.
    windows?.addEventListener("message", ({ data }) => {
      if (data.kind === "opened") location.replace(page.dataset.lockedPage || location.href);
    });
    document.querySelector("[data-unlock]").addEventListener("submit", () => sessionStorage.setItem(OPENING, "1"));
    tell("locked");
    return;
  }
  if (!cover) return;
  if (sessionStorage.getItem(OPENING)) tell("opened");
  sessionStorage.removeItem(OPENING);

  const form = cover.querySelector("[data-unlock]");
  const word = form.elements.word;
  const message = cover.querySelector("[data-lock-message]");
  const counts = cover.querySelector("[data-lock-counts]");
  const idle = Number(cover.dataset.minutes) * 60_000;
  const topics = () => document.querySelectorAll("[data-topic]");
  let movedAt = Date.now(); // by the wall's clock: a laptop that slept has been left alone
  let toldAt = Date.now(); // the page itself was asked for by somebody
  let waiting = 0;
  let kept = null; // where the person was

  /* --- somebody is here --- */
  const isLocked = () => cover.open;
  function here() {
    if (isLocked()) return;
    if (isLeft()) return lock("idle"); // the gesture that comes back opens nothing
    movedAt = Date.now();
    waiting ||= setTimeout(tellHere, Math.max(0, toldAt + HERE_EVERY - movedAt));
  }
  async function tellHere() {
    waiting = 0;
    if (isLocked()) return;
    toldAt = Date.now();
    tell("here");
    const answer = await post(cover.dataset.hereUrl).catch(() => null);
    if (answer?.status === 423) show();
  }
  const isLeft = () => Date.now() - movedAt >= idle;
  for (const kind of GESTURES) addEventListener(kind, here, { passive: true, capture: true });
  setInterval(() => { if (!isLocked() && isLeft()) lock("idle"); }, 1000);

  /* --- covering --- */
  // A frame or a fragment of the other kind has the same seq: without one the page takes either.
  const forget = () => { for (const one of topics()) delete one.dataset.seq; };

  function show(words = "") {
    if (isLocked()) return;
    const node = document.activeElement;
    kept = { title: document.title, x: scrollX, y: scrollY, node, id: node?.id, row: node?.closest?.("[data-row]")?.id };
    document.documentElement.classList.add("is-locked");
    document.title = cover.dataset.title;
    forget();
    message.textContent = words;
    form.reset();
    count();
    cover.showModal();
    word.focus();
  }
  async function lock(reason) {
    show();
    tell("locked");
    const answer = await post(cover.dataset.lockUrl, { reason }).catch(() => null);
    if (!answer?.ok && answer?.status !== 401) setTimeout(() => isLocked() && lock(reason), ASK_AGAIN);
  }
  /* Alerts and numbers stay visible as counts: the marked parts of what arrives for a covered screen. */
  function count() {
    const fresh = [...document.querySelectorAll("[data-covered] [data-covered-counts]")];
    if (fresh.length) counts.replaceChildren(...fresh.map((one) => one.cloneNode(true)));
  }

  /* --- opening --- */
  function open() {
    if (!isLocked()) return;
    movedAt = toldAt = Date.now();
    document.documentElement.classList.remove("is-locked");
    document.title = kept.title;
    counts.replaceChildren();
    forget();
    cover.close();
    document.dispatchEvent(new CustomEvent("annae:opened"));
    goBack();
  }
  function goBack() {
    if (!kept) return;
    scrollTo(kept.x, kept.y);
    const place = kept.node?.isConnected ? kept.node : document.getElementById(kept.id) ?? document.getElementById(kept.row);
    if (place && (document.activeElement === document.body || document.activeElement === place)) place.focus({ preventScroll: true });
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    const values = { word: word.value };
    form.reset();
    message.textContent = "";
    const answer = await post(form.action, values).catch(() => null);
    if (answer?.ok) {
      tell("opened");
      return open();
    }
    const said = await answer?.json().catch(() => null);
    if (said?.title === "SIGN_IN_NEEDED") return location.reload();
    message.textContent = said?.error?.message ?? cover.dataset.offline;
    return word.focus();
  });
  cover.addEventListener("cancel", (event) => event.preventDefault());
  // Nothing comes between: no second Escape, no sheet whose answer was on its way.
  const raise = () => { if (document.documentElement.classList.contains("is-locked") && !cover.open) cover.showModal(); };
  cover.addEventListener("close", raise);
  document.addEventListener("htmx:afterSettle", () => setTimeout(() => {
    if (!isLocked() || cover.matches(":focus-within")) return;
    cover.close();
    raise();
    word.focus();
  }));

  /* --- asked for: by the button, by Ctrl + Alt + L --- */
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-lock]")) return;
    event.preventDefault();
    event.target.closest("details")?.removeAttribute("open");
    lock("asked");
  }, true);
  addEventListener("keydown", (event) => {
    if (isLocked()) {
      if (event.key === "Escape") event.preventDefault();
      return event.stopPropagation(); // no key of the page beneath
    }
    if (!event.ctrlKey || !event.altKey || event.code !== "KeyL") return undefined;
    event.preventDefault();
    event.stopPropagation();
    return lock("asked");
  }, true);

  /* --- what the server says, and the other windows --- */
  document.addEventListener("htmx:oobAfterSwap", () => {
    if (document.querySelector("[data-covered]")) {
      show();
      count();
    } else if (kept && !isLocked() && document.querySelector("[data-topic][data-seq]")) {
      goBack();
      kept = null;
    }
  });
  document.addEventListener("htmx:wsBeforeMessage", (event) => {
    if (event.detail.message.startsWith('{"type":"locked"')) show();
  });
  addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status !== 423) return;
    event.stopImmediatePropagation();
    const isAsked = event.detail.requestConfig.verb !== "get";
    if (isLocked() && isAsked) message.textContent = cover.dataset.refused;
    show(isAsked ? cover.dataset.refused : "");
  }, true);
  windows?.addEventListener("message", ({ data }) => {
    if (data.kind === "here" && !isLocked()) movedAt = Math.max(movedAt, data.at);
    if (data.kind === "locked") show();
    if (data.kind === "opened") open();
  });
})();
