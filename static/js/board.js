/* A board says each call exactly once, one after the other, and tells when it cannot be heard. */
(function () {
  "use strict";
  const root = document.documentElement;
  const GAP_MS = 6000; // at most one call in six seconds, or nobody understands any
  const KEPT = 200;
  const STORE = "announced"; // ids of calls, nothing personal: a reload must not repeat them

  /* --- clock ------------------------------------------------------------------------------------- */
  const clock = document.querySelector("[data-clock]");
  const tell = () => {
    if (!clock) return;
    const now = new Date().toLocaleTimeString(root.lang === "en" ? "en-GB" : "ko-KR", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: clock.dataset.clock || undefined });
    if (clock.textContent !== now) clock.textContent = now;
  };
  tell();
  setInterval(tell, 1000);

  /* --- sound ------------------------------------------------------------------------------------- */
  const volume = () => Math.min(100, Math.max(0, Number(document.body.dataset.volume || 80))) / 100;
  let context = null;

  function report() {
    const state = volume() === 0 ? "muted" : context?.state === "running" ? "ok" : "blocked";
    if (root.dataset.audio === state) return;
    root.dataset.audio = state;
    document.dispatchEvent(new CustomEvent("board:audio", { detail: { state } }));
  }
  async function wake() {
    context ??= new AudioContext();
    if (context.state !== "running") await Promise.race([context.resume(), wait(300)]);
    report();
    return context.state === "running";
  }
  const wait = (ms) => new Promise((done) => { setTimeout(done, ms); });

  // Two soft tones, a falling third, 1.1 s: heard in a hall, startling nobody.
  async function chime() {
    if (!(await wake()) || volume() === 0) return;
    const start = context.currentTime;
    [[659.25, 0], [523.25, 0.35]].forEach(([pitch, after]) => {
      const tone = context.createOscillator();
      const gain = context.createGain();
      tone.frequency.value = pitch;
      gain.gain.setValueAtTime(0, start + after);
      gain.gain.linearRampToValueAtTime(volume() * 0.5, start + after + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.001, start + after + 0.75);
      tone.connect(gain).connect(context.destination);
      tone.start(start + after);
      tone.stop(start + after + 0.8);
    });
    await wait(1100);
  }
  function clip(url) {
    return new Promise((done) => {
      const sound = new Audio(url);
      sound.volume = volume();
      sound.addEventListener("ended", done);
      sound.addEventListener("error", done);
      sound.play().catch(() => { root.dataset.audio = "blocked"; done(); });
      setTimeout(done, 8000); // a clip that never ends must not hold up the next patient
    });
  }

  /* --- one call after the other -------------------------------------------------------------------- */
  let announced;
  const queue = [];
  let speaking = false;

  function remember(id) {
    announced.add(id);
    try { sessionStorage.setItem(STORE, JSON.stringify([...announced].slice(-KEPT))); } catch { /* lives in memory then */ }
  }
  async function speak() {
    if (speaking) return;
    speaking = true;
    while (queue.length) {
      const call = queue.shift();
      const began = performance.now();
      mark(call.id, true);
      document.dispatchEvent(new CustomEvent("board:announce", { detail: call }));
      await chime();
      for (let turn = 0; turn < 2; turn += 1) for (const url of call.clips) await clip(url);
      await wait(Math.max(0, GAP_MS - (performance.now() - began)));
      mark(call.id, false);
    }
    speaking = false;
  }
  // A morph may have replaced the element meanwhile: it is found again by the call's id.
  function mark(id, on) {
    document.querySelectorAll("[data-call]").forEach((node) => { if (node.dataset.call === id) node.classList.toggle("is-new", on); });
  }
  // The wall shows the newest call first; it is said last.
  const inTurn = () => [...document.querySelectorAll("[data-call]")].sort((one, other) => one.dataset.at - other.dataset.at);
  function look() {
    for (const node of inTurn()) {
      const id = node.dataset.call;
      if (!id || announced.has(id)) continue;
      remember(id);
      queue.push({ id, number: node.dataset.number, place: node.dataset.place, clips: (node.dataset.clips || "").split(" ").filter(Boolean) });
    }
    speak();
  }

  let kept = null;
  try { kept = JSON.parse(sessionStorage.getItem(STORE)); } catch { /* first start */ }
  announced = new Set(kept ?? []);
  // A board that starts shows the last calls silently: they were made before it was there to say them.
  if (!kept) document.querySelectorAll("[data-call]").forEach((node) => remember(node.dataset.call));
  new MutationObserver(look).observe(document.getElementById("main"), { subtree: true, childList: true, attributes: true, attributeFilter: ["data-call"] });
  look();
  wake();
  setInterval(report, 5000);
  addEventListener("pointerdown", wake);

  /* --- a new page every hour, at the day's end, and when the screen's session was lost ------------------ */
  const HOUR_MS = 3600e3;
  const bornAt = Date.now();
  const dayEnds = Number(document.querySelector("[data-day-ends]")?.dataset.dayEnds) || Infinity;
  async function renew() {
    const isDue = Date.now() > Math.min(bornAt + HOUR_MS, dayEnds > bornAt ? dayEnds : Infinity) || root.dataset.live === "signed-out";
    if (!isDue || speaking) return;
    // Only a page that can be had: a browser's own error page would stand there for ever.
    const answer = await fetch(location.href, { redirect: "follow" }).catch(() => null);
    if (answer?.ok) location.reload();
  }
  setInterval(renew, 30e3);
})();
