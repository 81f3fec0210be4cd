/* A shift at the ward: keys for every command, sheets that stay while the list moves, my rooms, what I missed. */
(function () {
  "use strict";
  const AWAY_SECONDS = 180;
  const sheet = document.getElementById("sheet");
  const body = document.getElementById("sheet-body");
  const help = document.getElementById("keys");
  const ward = document.querySelector(".ward");
  const field = document.querySelector("[data-filter]");
  if (!ward || !sheet) return;
  const { letterOf, say, filter } = window.annae;
  const queue = () => document.getElementById("queue");
  const isTyping = (node) => node.matches?.("input:not([type=checkbox],[type=radio]), textarea, select");

  /* --- a sheet stands in a dialog outside the list, so no push can close it or take what was typed --------- */
  const ANSWERS = ["input[type=radio]:checked", "[data-preset]", "input[type=radio]", "form button"];
  function focusOn(place, wanted) {
    wanted.map((one) => place.querySelector(one)).find(Boolean)?.focus();
  }
  function open(address) {
    if (document.body.classList.contains("is-stale")) return;
    htmx.ajax("GET", address, { target: body, swap: "innerHTML" });
  }
  document.addEventListener("htmx:afterSettle", (event) => { // not before: only then do its buttons speak to htmx
    if (event.detail.target !== body) return;
    if (!sheet.open) sheet.showModal();
    focusOn(body, ["[data-problem]", "[data-focus]", ...ANSWERS.map((one) => `details[open] ${one}`), ".sheet-commands :is(summary, button)", ...ANSWERS, "#sheet-title"]);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const { xhr, elt, requestConfig } = event.detail;
    if (requestConfig.verb !== "get" && xhr.status === 200 && sheet.contains(elt)) sheet.close();
  });
  sheet.addEventListener("close", () => body.replaceChildren()); // nobody's name stays behind a closed sheet
  body.addEventListener("toggle", (event) => {
    if (!event.target.open) return;
    for (const other of body.querySelectorAll("details[open]")) if (other !== event.target) other.open = false;
    if (!body.querySelector("[data-problem]:focus")) focusOn(event.target, ANSWERS);
  }, true);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-sheet]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      link.closest("details.menu")?.removeAttribute("open");
      open(link.href);
    }
    if (event.target.closest("[data-opens=keys]")) help.showModal();
  });

  /* --- keys: on a row, by their place on the keyboard ----------------------------------------------------- */
  const KEYS = {
    n: "call-next", c: "call", r: "recall", m: "miss", x: "uncall", s: "start", d: "complete", i: "pause", f: "start-direct",
    h: "hold", e: "resume", p: "priority", b: "skip-once", t: "transfer", a: "add-step", l: "leave", o: "more", u: "undo",
  };
  /* A row that has just arrived is the page's own only a moment later; a key must not be faster than that. */
  const own = (button) => htmx.process(button.form && button.form.id !== "act" ? button.form : button);
  function click(button) {
    own(button);
    button.click();
  }
  function callNext() {
    const rooms = [...document.querySelectorAll("[data-room]")];
    const mine = rooms.filter((room) => document.querySelector(`[data-mine][value="${room.dataset.room}"]:checked`));
    const among = mine.length ? mine : rooms.length === 1 ? rooms : [];
    if (!among.length) {
      const choice = document.getElementById("my-rooms");
      choice.open = true;
      choice.querySelector("input[type=checkbox]")?.focus();
      return say(help.dataset.noRoom);
    }
    const free = among.find((room) => "free" in room.dataset);
    return free ? click(free.querySelector("[data-command=call-next]")) : say(help.dataset.roomBusy);
  }
  function give(command, row) {
    if (command === "call-next") return callNext();
    const undo = command === "undo" && document.querySelector("[data-toast] [data-undo]");
    if (undo) return undo.click();
    const wanted = command === "resume" ? "[data-command=resume], [data-command=re-enter]" : `[data-command="${command}"]`;
    const found = row.querySelector(wanted);
    if (!found) return open(`${row.querySelector("[data-command=more]").href}?do=${command}`);
    if (found.matches("a")) return open(found.href);
    if (found.disabled) return undefined; // the line to the server is cut, and the page says so
    if (!found.matches("summary")) return click(found);
    found.parentElement.open = true;
    const yes = found.parentElement.querySelector("[data-primary]");
    if (yes) own(yes);
    return yes?.focus();
  }
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.repeat) return;
    const dialog = document.querySelector("dialog[open]");
    if (dialog) return choose(event, dialog);
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      return callNext();
    }
    const row = event.target.closest?.("[data-row]");
    if (!row || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return undefined;
    const isHelp = event.key === "?" || (event.shiftKey && event.code === "Slash");
    const command = event.shiftKey ? undefined : KEYS[letterOf(event)];
    if (!isHelp && !command) return undefined;
    event.preventDefault();
    return isHelp ? help.showModal() : give(command, row);
  });
  /* In an open question a digit chooses a reason. */
  function choose(event, dialog) {
    const digit = /^(?:Digit|Numpad)([1-6])$/.exec(event.code)?.[1];
    if (!digit || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    const asked = event.target.closest?.("details[open]") ?? dialog.querySelector("details[open]");
    const reason = asked?.querySelector(`[data-preset="${digit}"]`);
    if (reason && !reason.disabled) { event.preventDefault(); click(reason); }
  }

  /* --- a row that was asked for something looks so until the answer is there, never as if it were done ---- */
  const pending = (event, is) => event.detail.elt.closest?.("[data-row], .room")?.classList.toggle("is-pending", is);
  document.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.requestConfig.verb !== "get") pending(event, true); });
  document.addEventListener("htmx:afterRequest", (event) => pending(event, false));

  /* --- what is shown stands in the address; a name does not, it lives with this tab's history ------------- */
  function address(name, value) {
    const url = new URL(location);
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
    history.replaceState(history.state, "", url);
  }
  function show(wanted) {
    for (const name of [...ward.classList]) if (/^only-(?!mine)/.test(name)) ward.classList.remove(name);
    if (wanted) ward.classList.add(`only-${wanted}`);
    address("show", wanted);
    repaint();
  }
  document.addEventListener("click", (event) => {
    const only = event.target.closest("[data-show]");
    const mine = event.target.closest("[data-mine-only]");
    if (!only && !mine) return;
    event.preventDefault();
    if (only) return show(only.dataset.show);
    const is = ward.classList.toggle("only-mine");
    mine.setAttribute("aria-pressed", is);
    address("mine", is ? "1" : "");
    return repaint();
  });
  field?.addEventListener("input", () => {
    const text = field.value.trim();
    const isNumber = /^\d{1,6}$/.test(text);
    history.replaceState({ find: isNumber ? "" : text }, "");
    address("number", isNumber ? text : "");
  });
  if (field && !field.value && history.state?.find) field.value = history.state.find;

  /* --- my rooms, marked in a list that everybody is sent alike -------------------------------------------- */
  const ticked = () => [...document.querySelectorAll("[data-mine]:checked")];
  let chosen = ticked(); // what the server knows: a command goes by that, however fast the next key is
  function repaint() {
    const mine = new Set(chosen.map((box) => box.value));
    for (const room of document.querySelectorAll("[data-room]")) room.classList.toggle("is-mine", mine.has(room.dataset.room));
    for (const row of document.querySelectorAll("[data-row]")) row.classList.toggle("is-mine", mine.has(row.dataset.for));
    const names = document.querySelector("[data-mine-names]");
    if (names) names.textContent = chosen.map((box) => box.parentElement.textContent.trim()).join(", ");
    const shown = /only-(?!mine)(\w+)/.exec(ward.className)?.[1] ?? "";
    for (const link of document.querySelectorAll("[data-show]")) {
      if (link.dataset.show === shown) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    filter();
  }
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful || !event.detail.elt.closest("#my-rooms")) return;
    chosen = ticked();
    repaint();
  });
  for (const kind of ["htmx:afterSettle", "htmx:oobAfterSwap", "htmx:wsAfterMessage"]) document.addEventListener(kind, repaint);
  repaint();

  /* --- what happened while nobody touched this page ------------------------------------------------------- */
  const KEPT = `seen:${ward.dataset.queue}`; // a number of the queue's, nothing of a patient's
  const seq = () => Number(queue()?.dataset.seq ?? 0);
  let active = -Infinity;
  let seen = 0;
  try { seen = Number(localStorage.getItem(KEPT)); } catch { /* private mode */ }
  function note() {
    const now = performance.now() / 1000;
    const was = seen;
    const isBack = now - active > AWAY_SECONDS && was && was < seq();
    if (now - active > 1 && !document.hidden) {
      active = now;
      seen = seq();
      try { localStorage.setItem(KEPT, String(seen)); } catch { /* private mode */ }
      if (isBack) tell(`/ward/${ward.dataset.queue}/moves?after=${was}`);
    }
  }
  async function tell(where) {
    const answer = await fetch(where, { headers: { "HX-Request": "true" } }).catch(() => null);
    const count = /data-count="(\d+)"/.exec(answer?.ok ? await answer.text() : "")?.[1];
    if (!Number(count)) return;
    const strip = document.getElementById("away");
    const link = Object.assign(document.createElement("a"), { href: where, textContent: help.dataset.look, className: "button button-secondary button-small" });
    link.dataset.sheet = "";
    const close = Object.assign(document.createElement("button"), { type: "button", textContent: help.dataset.dismiss, className: "button button-quiet button-small" });
    close.onclick = link.onclick = () => strip.replaceChildren();
    strip.replaceChildren(help.dataset.away.replace("{count}", count), " ", link, close);
  }
  for (const kind of ["pointermove", "pointerdown", "keydown", "visibilitychange"]) document.addEventListener(kind, note, { passive: true });
  note();
})();
