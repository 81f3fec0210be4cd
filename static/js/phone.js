/* The phone tells its owner: at the chosen number of people ahead, and when the call comes. Sound needs one tap first. */
(function () {
  "use strict";
  const find = (what) => document.querySelector(what);
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)");
  const ownTitle = document.title;

  /* --- sound, shaking, the screen that stays on ------------------------------------------------------ */
  let context = null, isWanted = false, lock = null;

  async function wake() {
    if (!isWanted || !window.AudioContext) return;
    context ??= new AudioContext();
    if (context.state !== "running") await context.resume().catch(() => {});
    if (!lock && document.visibilityState === "visible") {
      lock = await navigator.wakeLock?.request("screen").catch(() => null) ?? null;
      lock?.addEventListener("release", () => { lock = null; });
    }
    paint();
  }
  function chime(times) {
    if (context?.state !== "running") return;
    for (let turn = 0; turn < times; turn += 1) {
      [[880, 0], [659.25, 0.3]].forEach(([pitch, after]) => {
        const start = context.currentTime + turn * 1.2 + after;
        const tone = context.createOscillator(), gain = context.createGain();
        tone.frequency.value = pitch;
        gain.gain.setValueAtTime(0, start);
        gain.gain.linearRampToValueAtTime(0.6, start + 0.02);
        gain.gain.exponentialRampToValueAtTime(0.001, start + 0.7);
        tone.connect(gain).connect(context.destination);
        tone.start(start);
        tone.stop(start + 0.75);
      });
    }
  }
  let blinking = 0;
  function entitle(words) {
    clearInterval(blinking);
    document.title = words ? `● ${words}` : ownTitle;
    if (!words || isCalm.matches) return;
    let isOn = true;
    blinking = setInterval(() => { isOn = !isOn; document.title = isOn ? `● ${words}` : words; }, 1000);
  }
  function ring(words, times) {
    chime(times);
    // Before the first touch a browser refuses to shake, and says so in its console.
    if (!isCalm.matches && navigator.userActivation?.hasBeenActive !== false) navigator.vibrate?.(Array(times).fill([400, 200]).flat());
    document.documentElement.dataset.rang = String(Number(document.documentElement.dataset.rang || 0) + 1);
    entitle(words);
  }

  /* --- what has changed ------------------------------------------------------------------------------- */
  // What the page showed when it was opened is no news.
  const told = { call: find("#visit")?.dataset.call, near: undefined };
  let ahead, grew = false;

  function look() {
    const { call } = find("#visit")?.dataset ?? {};
    if (call && call !== told.call) {
      document.getElementById("toast").replaceChildren();
      ring(find(".call-screen h1")?.textContent ?? "", 3);
    }
    if (!call && told.call) entitle("");
    told.call = call;

    const now = Number(find("[data-ahead]")?.dataset.ahead ?? NaN);
    const near = Number(find("#alerts")?.dataset.near || 0);
    if (now > ahead) grew = true;
    if (now < ahead) grew = false;
    const isNear = near > 0 && now <= near;
    if (isNear && told.near === false) {
      ring(find("#alerts").dataset.wordsNear, 2);
      window.annae?.say(find("#alerts").dataset.wordsNear, "success", 20);
    }
    if (!isNear && told.near && !call) entitle("");
    told.near = isNear;
    ahead = now;
    paint();
  }
  function paint() {
    const note = find("[data-grew]");
    if (note && note.hidden === grew) note.hidden = !grew;
    const button = find("[data-sound]"), card = find("#alerts");
    if (!button || !card) return;
    const isOn = context?.state === "running";
    button.hidden = !window.AudioContext;
    button.setAttribute("aria-pressed", String(isOn));
    const words = button.querySelector("span"), said = isOn ? card.dataset.wordsOn : card.dataset.wordsOff;
    if (words.textContent !== said) words.textContent = said;
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest("#alerts button")) return;
    isWanted = true;
    wake().then(() => { if (event.target.closest("[data-sound]")) chime(1); });
  });
  // A number chosen earlier is a wish: the first touch of a page that was opened anew turns the sound on again.
  addEventListener("pointerdown", () => { isWanted ||= Number(find("#alerts")?.dataset.near || 0) > 0; wake(); });
  document.addEventListener("visibilitychange", wake);
  const seen = { subtree: true, childList: true, attributes: true, attributeFilter: ["data-ahead", "data-call", "data-near", "data-seq", "hidden"] };
  new MutationObserver(look).observe(find("#main"), seen);
  look();

  /* --- also when the page is closed -------------------------------------------------------------------- */
  const worker = navigator.serviceWorker?.register("/sw.js", { scope: "/" }).catch(() => null);
  const box = find("#push");
  if (!box || !worker || !("PushManager" in window)) return;
  const state = box.querySelector("[data-push-state]");
  const on = box.querySelector("[data-push-on]"), off = box.querySelector("[data-push-off]");
  const send = (method, body) => fetch(box.dataset.url, {
    method, body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", "X-CSRFToken": find("meta[name=csrf-token]").content },
  }).then((answer) => { if (!answer.ok) throw new Error(String(answer.status)); });

  function showPush(isOn, words) {
    state.textContent = words ?? (isOn ? box.dataset.wordsOn : box.dataset.wordsOff);
    on.hidden = isOn;
    off.hidden = !isOn;
  }
  const present = async () => (await worker)?.pushManager.getSubscription() ?? null;
  on.addEventListener("click", async () => {
    try {
      if (await Notification.requestPermission() !== "granted") return showPush(false, box.dataset.wordsDenied);
      const made = await (await worker).pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: box.dataset.key });
      await send("POST", made.toJSON());
      return showPush(true);
    } catch {
      return showPush(false, box.dataset.wordsFailed);
    }
  });
  off.addEventListener("click", async () => {
    const made = await present();
    if (made) await send("DELETE", { endpoint: made.endpoint }).then(() => made.unsubscribe()).catch(() => {});
    showPush(false);
  });
  present().then((made) => showPush(Boolean(made) && Boolean(box.dataset.isOn)));
})();
