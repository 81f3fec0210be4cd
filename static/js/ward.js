/* A ward list by keyboard: rows by arrow, actions by Enter, a filter that knows initial consonants. */
(function () {
  "use strict";
  const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.checkVisibility());

  /* --- one row can be reached by Tab; the arrows move among them -------------------------------------- */
  function rove(to) {
    const all = rows();
    const current = to ?? all.find((row) => row.tabIndex === 0) ?? all[0];
    for (const row of document.querySelectorAll("[data-row]")) {
      const index = row === current ? 0 : -1;
      if (row.tabIndex !== index || !row.hasAttribute("tabindex")) row.tabIndex = index;
    }
    return current;
  }
  // The letter by its place where the input is Korean: ㅓ is on J.
  const letterOf = ({ key, code }) => (/^[a-z]$/i.test(key) ? key : /^Key([A-Z])$/.exec(code)?.[1] ?? "").toLowerCase();
  const STEPS = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // From a button or a link anywhere; a field, a list of choices and an open menu keep their own arrows.
    const isElsewhere = !event.target.closest?.("[data-row], dialog, details[open], input, select, textarea");
    if (event.key === "ArrowDown" && isElsewhere && rows().length) { event.preventDefault(); return rove().focus(); }
    const row = event.target;
    if (!row.matches?.("[data-row]")) return; // only on the row itself
    const all = rows();
    const step = STEPS[event.key] ?? STEPS[letterOf(event)];
    let next = null;
    if (step) next = all[all.indexOf(row) + step];
    else if (event.key === "Home") next = all[0];
    else if (event.key === "End") next = all[all.length - 1];
    else if (event.key === "Enter") {
      const menu = row.querySelector("details.menu");
      if (menu) menu.open = true;
      (row.querySelector("[data-primary]") ?? menu?.querySelector(".menu-list a, .menu-list button") ?? row.querySelector("a, button"))?.focus();
      event.preventDefault();
      return;
    } else return;
    event.preventDefault();
    if (next) rove(next).focus();
  });
  document.addEventListener("focusin", (event) => { if (event.target.matches("[data-row]")) rove(event.target); });
  document.addEventListener("keydown", (event) => {
    const row = event.target.closest?.("[data-row]");
    if (event.key !== "Escape") return;
    const refusal = document.getElementById("conflict"); // read, and put away
    if (refusal?.contains(event.target)) { refusal.replaceChildren(); keep(); }
    if (row && row !== event.target && !row.querySelector("details[open]")) row.focus();
  });

  /* --- filter: number, name, or the name's initial consonants ------------------------------------------ */
  const INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";
  const FINALS = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ";
  const PAIRS = { ㄳ: "ㄱㅅ", ㄵ: "ㄴㅈ", ㄶ: "ㄴㅎ", ㄺ: "ㄹㄱ", ㄻ: "ㄹㅁ", ㄼ: "ㄹㅂ", ㄽ: "ㄹㅅ", ㄾ: "ㄹㅌ", ㄿ: "ㄹㅍ", ㅀ: "ㄹㅎ", ㅄ: "ㅂㅅ" };
  function partsOf(letter) { // initial, vowel, final of a syllable: 588 = 21 vowels x 28 finals, from U+AC00 on
    const at = letter ? letter.charCodeAt(0) - 0xac00 : -1;
    return at < 0 || at > 11171 ? [] : [INITIALS[Math.floor(at / 588)], Math.floor((at % 588) / 28), FINALS[at % 28]];
  }
  // A half-typed syllable fits what it may become: 기 finds 김, 잇 finds 이서, for an editor composes letter by letter.
  function letterFits(typed, text, at, isLast) {
    if (typed === text[at]) return true;
    const [initial, vowel, final] = partsOf(text[at]);
    const [own, sound, end] = partsOf(typed);
    if (own === undefined) return typed === initial;
    if (!isLast || own !== initial || sound !== vowel) return false;
    const [stays, goes] = PAIRS[end] ?? [" ", end];
    return end === " " || (final === stays && partsOf(text[at + 1])[0] === goes);
  }
  function fits(text, wanted) {
    return wanted.split(/\s+/).every((word) => {
      if (/^\d+$/.test(word)) return text.split(" ").some((one) => one.startsWith(word));
      const letters = [...word.replace(/[ㄳ-ㅄ]/g, (pair) => PAIRS[pair] ?? pair)];
      return [...text].some((_, from) => letters.every((one, at) => letterFits(one, text, from + at, at === letters.length - 1)));
    });
  }
  // What is typed here may be a name: it stays in the field and never reaches an address or the history.
  const field = () => document.querySelector("[data-filter]");
  function filter() {
    const wanted = (field()?.value ?? "").trim().toLowerCase().normalize("NFC");
    let shown = 0;
    for (const row of document.querySelectorAll("[data-row]")) {
      const isShown = !wanted || fits((row.dataset.search ?? row.textContent).toLowerCase(), wanted);
      if (row.hidden === isShown) row.hidden = !isShown;
      if (isShown && row.checkVisibility()) shown += 1;
    }
    const nothing = document.querySelector("[data-filter-empty]");
    if (nothing) nothing.hidden = shown > 0 || !document.querySelector("[data-row]");
    rove();
  }
  document.addEventListener("input", (event) => { if (event.target.matches("[data-filter]")) filter(); });
  document.addEventListener("compositionend", (event) => { if (event.target.matches?.("[data-filter]")) filter(); });

  /* --- minutes go on between two pushes, by the server's clock ----------------------------------------- */
  let ahead = 0; // of the browser's clock
  const hear = (at) => { if (at) ahead = at - Date.now() / 1000; };
  function age() {
    const late = Number(document.querySelector("[data-late]")?.dataset.late);
    for (const node of document.querySelectorAll("[data-since]")) {
      const minutes = Math.max(0, Math.floor((Date.now() / 1000 + ahead - node.dataset.since) / 60));
      if (node.textContent !== String(minutes)) node.textContent = minutes;
      node.closest(".part-waiting [data-row]")?.classList.toggle("is-late", minutes >= late);
    }
    for (const node of document.querySelectorAll("[data-expires]")) node.hidden = Date.now() / 1000 + ahead < node.dataset.expires;
  }
  document.addEventListener("annae:beat", (event) => { hear(Date.parse(event.detail.timestamp) / 1000); age(); });
  hear(Number(document.querySelector("[data-now]")?.dataset.now));
  setInterval(age, 10e3);

  /* --- a row that moves keeps the focus; one that leaves hands it to the row that takes its place -------- */
  let last = null;
  const note = () => {
    const row = document.activeElement?.closest("[data-row]");
    if (row) last = { id: row.id, place: rows().indexOf(row) };
    else if (document.activeElement && document.activeElement !== document.body) last = null;
  };
  document.addEventListener("focusin", note);
  function keep() {
    const all = rows();
    if (last && all.length && (document.activeElement ?? document.body) === document.body) {
      rove(document.getElementById(last.id) ?? all[Math.min(last.place, all.length - 1)]).focus();
    }
    note();
  }
  document.addEventListener("pointerdown", (event) => { if (!event.target.closest("[data-row]")) last = null; });

  function repainted() { filter(); age(); keep(); }
  for (const kind of ["htmx:afterSettle", "htmx:oobAfterSwap", "htmx:wsAfterMessage"]) document.addEventListener(kind, repainted);

  // Ctrl+/ reaches the filter: a modifier, so that no letter typed by chance starts anything.
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && (event.ctrlKey || event.metaKey) && field()) { event.preventDefault(); field().focus(); }
  });
  filter();
  Object.assign(window.annae, { letterOf, fits, filter });
})();
