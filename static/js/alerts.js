/* Alerts are heard once: priority 1 only, after a gesture, at most every ten seconds, and silent where somebody wishes. */
(function () {
  "use strict";
  const GAP_MS = 10e3;
  const KEPT = 100;
  const HEARD = "alerts-heard"; // ids of alerts, nothing personal: a second tab and a reload stay silent
  const MUTED = "alerts-muted";
  const RANG = "alerts-rang"; // when, in milliseconds: two tabs and a reload keep the gap too
  const read = (name) => { try { return localStorage.getItem(name) ?? ""; } catch { return ""; } };
  const write = (name, text) => { try { localStorage.setItem(name, text); } catch { /* private mode: until the page goes */ } };

  let heard = new Set(read(HEARD).split(" "));
  let isMuted = read(MUTED) === "1";
  let context = null; // made by the first gesture; before it a browser plays nothing
  let timer = 0;

  // Two short tones that rise: not the falling third by which a board calls patients.
  function chime() {
    const start = context.currentTime;
    [[587.33, 0], [880, 0.16]].forEach(([pitch, after]) => {
      const tone = context.createOscillator();
      const gain = context.createGain();
      tone.frequency.value = pitch;
      gain.gain.setValueAtTime(0, start + after);
      gain.gain.linearRampToValueAtTime(0.3, start + after + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.001, start + after + 0.35);
      tone.connect(gain).connect(context.destination);
      tone.start(start + after);
      tone.stop(start + after + 0.4);
    });
  }
  function look() {
    const ids = [...document.querySelectorAll("[data-rings]")].map((node) => node.dataset.rings);
    heard = new Set([...heard, ...read(HEARD).split(" ")]);
    const fresh = ids.filter((id) => !heard.has(id));
    clearTimeout(timer);
    if (!fresh.length || isMuted || context?.state !== "running") return;
    const ago = Date.now() - Number(read(RANG));
    if (ago >= 0 && ago < GAP_MS) { timer = setTimeout(look, GAP_MS - ago); return; } // a clock set back silences nobody
    write(RANG, String(Date.now()));
    for (const id of fresh) heard.add(id);
    write(HEARD, [...heard].filter(Boolean).slice(-KEPT).join(" "));
    chime();
    document.dispatchEvent(new CustomEvent("annae:chime", { detail: { ids: fresh } }));
  }
  async function wake() {
    context ??= new AudioContext();
    if (context.state !== "running") await context.resume().catch(() => {});
    look();
  }
  for (const kind of ["pointerdown", "keydown"]) {
    addEventListener(kind, (event) => { if (!event.target.closest?.("[data-alert-sound]")) wake(); }, { capture: true });
  }

  function paint() {
    const button = document.querySelector("[data-alert-sound]");
    if (!button) return;
    button.hidden = false;
    button.setAttribute("aria-pressed", String(!isMuted));
    button.querySelector("[data-sound-on]").hidden = isMuted;
    button.querySelector("[data-sound-off]").hidden = !isMuted;
  }
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-alert-sound]")) return;
    isMuted = !isMuted;
    write(MUTED, isMuted ? "1" : "");
    paint();
    wake(); // who asks for silence hears nothing first
  });

  /* Whoever answered by keyboard stays at that alert; where it has gone, at the one that takes its place. */
  let last = null;
  document.addEventListener("focusin", (event) => {
    const alert = event.target.closest(".alert");
    last = alert && { id: alert.id, place: [...document.querySelectorAll(".alert")].indexOf(alert) };
  });
  function keep() {
    if (!last || (document.activeElement ?? document.body) !== document.body) return;
    const all = document.querySelectorAll(".alert");
    const alert = document.getElementById(last.id) ?? all[Math.min(last.place, all.length - 1)];
    (alert?.querySelector("button") ?? document.getElementById("main"))?.focus({ preventScroll: true });
  }
  for (const kind of ["htmx:oobAfterSwap", "htmx:afterSettle", "htmx:wsAfterMessage"]) {
    document.addEventListener(kind, () => { keep(); look(); });
  }
  // A menu that has given its answer would lie over the buttons of the next alert.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const menu = event.target.closest(".alert details[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus({ preventScroll: true });
  });
  paint();
  look();
})();
