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
  const STEPS = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };
  document.addEventListener("keydown", (event) => {
    const row = event.target;
    if (!row.matches?.("[data-row]") || event.ctrlKey || event.metaKey || event.altKey) return; // only on the row itself
    const all = rows();
    let next = null;
    if (event.key in STEPS) next = all[all.indexOf(row) + STEPS[event.key]];
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
  const SYLLABLES_PER_INITIAL = 588; // 21 vowels x 28 finals, U+AC00 onwards
  const initialsOf = (text) => text.replace(/[가-힣]/g, (letter) => INITIALS[Math.floor((letter.charCodeAt(0) - 0xac00) / SYLLABLES_PER_INITIAL)]);
  const onlyInitials = (text) => [...text].every((letter) => INITIALS.includes(letter));

  function matches(row, wanted) {
    const text = (row.dataset.search ?? row.textContent).toLowerCase();
    return wanted.split(/\s+/).every((word) => (onlyInitials(word) ? initialsOf(text) : text).includes(word));
  }
  // What is typed here may be a name: it stays in the field and never reaches an address or the history.
  const field = () => document.querySelector("[data-filter]");
  function filter() {
    const wanted = (field()?.value ?? "").trim().toLowerCase().normalize("NFC");
    let shown = 0;
    for (const row of document.querySelectorAll("[data-row]")) {
      const fits = !wanted || matches(row, wanted);
      if (row.hidden === fits) row.hidden = !fits;
      if (fits) shown += 1;
    }
    const nothing = document.querySelector("[data-filter-empty]");
    if (nothing) nothing.hidden = !wanted || shown > 0;
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
  }
  document.addEventListener("annae:beat", (event) => { hear(Date.parse(event.detail.timestamp) / 1000); age(); });
  hear(Number(document.querySelector("[data-now]")?.dataset.now));
  setInterval(age, 10e3);

  /* --- my room, marked in a list that everybody is sent alike ------------------------------------------ */
  function mine() {
    const room = document.getElementById("my-room")?.value;
    for (const node of document.querySelectorAll("[data-room]")) node.classList.toggle("is-mine", node.dataset.room === room);
  }
  document.addEventListener("change", (event) => { if (event.target.id === "my-room") mine(); });

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

  function repainted() { filter(); mine(); age(); keep(); }
  mine();
  for (const kind of ["htmx:afterSettle", "htmx:oobAfterSwap", "htmx:wsAfterMessage"]) document.addEventListener(kind, repainted);

  // Ctrl+/ reaches the filter: a modifier, so that no letter typed by chance starts anything.
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && (event.ctrlKey || event.metaKey) && field()) { event.preventDefault(); field().focus(); }
  });
  filter();
})();
