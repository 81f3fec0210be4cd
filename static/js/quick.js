/* A quick look: pictures by wheel, finger and key. Each is fetched once, the neighbours before they are wanted; nothing
   is kept beyond the page. Drawn on a plain canvas: no WebGL, as the oldest ward machine has none. */
(function () {
  "use strict";
  const look = document.querySelector("[data-quick]");
  if (!look) return;
  const PAGE = 10, WHEEL_PX = 40, DRAG_PX = 12, AHEAD = 6, AT_ONCE = 3, MOST_BYTES = 64 * 2 ** 20;
  const [stage, trouble, slider, shown, keys] = ["stage", "trouble", "slider", "shown", "keys"].map((one) => look.querySelector(`[data-${one}]`));
  const steps = [...look.querySelectorAll("[data-step]")];
  const windows = [...look.querySelectorAll("[data-window-of]")];
  const { base, pictures, textPicture, textAway, textNotDrawn } = look.dataset;
  const addresses = pictures.split(" ").flatMap((run) => {
    const [uid, frames] = run.split(":");
    return Array.from({ length: Number(frames) }, (_, number) => `${base}${uid}/${number + 1}.png`);
  });
  let place = Number(look.dataset.place), chosen = look.dataset.window, drawn = null, saved = 0;

  /* --- fetching: what is shown first, then what lies ahead ------------------------------------------------ */
  const kept = new Map(), under = new Map(); // address -> blob (the latest last), address -> promise
  let bytes = 0;
  const addressOf = (at) => addresses[at - 1] + (chosen === "file" ? "" : `?window=${chosen}`);
  function keep(address, blob) {
    kept.set(address, blob);
    bytes += blob.size;
    for (const [oldest, its] of kept) {
      if (bytes <= MOST_BYTES || oldest === address) break;
      kept.delete(oldest);
      bytes -= its.size;
    }
  }
  async function ask(address) {
    const answer = await fetch(address, { headers: { Accept: "image/png" } });
    if ([401, 403, 404, 423].includes(answer.status)) location.reload(); // the page says why
    if (!answer.ok) throw new Error(answer.status === 422 ? textNotDrawn : textAway);
    const blob = await answer.blob();
    keep(address, blob);
    return blob;
  }
  function get(address) {
    if (kept.has(address)) return Promise.resolve(kept.get(address));
    if (!under.has(address)) under.set(address, ask(address).finally(() => under.delete(address)));
    return under.get(address);
  }
  function ahead() {
    for (let far = 1; far <= AHEAD && under.size < AT_ONCE; far += 1) {
      for (const at of [place + far, place - far]) {
        if (at < 1 || at > addresses.length || under.size >= AT_ONCE || kept.has(addressOf(at))) continue;
        get(addressOf(at)).then(ahead, () => {}); // it is asked for again when it is wanted
      }
    }
  }

  /* --- showing: the newest wish wins; a picture that comes late is not drawn over it ----------------------- */
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  async function draw() {
    const address = addressOf(place);
    if (address === drawn) return;
    stage.setAttribute("aria-busy", "true");
    try {
      const bitmap = await createImageBitmap(await get(address));
      if (address !== addressOf(place)) return;
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
      canvas.getContext("2d").drawImage(bitmap, 0, 0);
      bitmap.close();
      drawn = address;
      trouble.hidden = true;
      canvas.hidden = false;
      stage.removeAttribute("aria-busy");
      ahead();
    } catch (error) {
      if (address !== addressOf(place)) return;
      // Never the former picture under the new number.
      drawn = null;
      canvas.hidden = true;
      trouble.textContent = error.message || textAway;
      trouble.hidden = false;
      stage.removeAttribute("aria-busy");
    }
  }
  function tell() {
    shown.textContent = `${place} / ${addresses.length}`;
    const words = textPicture.replace("{place}", place).replace("{most}", addresses.length);
    canvas.setAttribute("aria-label", words);
    slider.value = place;
    slider.setAttribute("aria-valuetext", words);
    for (const step of steps) step.setAttribute("aria-disabled", String(place + Number(step.dataset.step) < 1 || place + Number(step.dataset.step) > addresses.length));
    for (const one of windows) if (one.dataset.windowOf === chosen) one.setAttribute("aria-current", "true"); else one.removeAttribute("aria-current");
    clearTimeout(saved);
    saved = setTimeout(remember, 300); // browsers count how often
  }
  function remember() {
    const here = new URL(location);
    here.searchParams.set("picture", place);
    if (chosen === "file") here.searchParams.delete("window"); else here.searchParams.set("window", chosen);
    history.replaceState(null, "", here);
  }
  function go(wanted) {
    place = Math.min(Math.max(1, wanted), addresses.length);
    tell();
    draw();
  }
  function choose(name) {
    chosen = name;
    tell();
    draw();
  }

  /* --- hands: keys on the picture alone, wheel, one finger or the mouse, buttons ---------------------------- */
  const MOVES = {
    ArrowRight: () => place + 1, ArrowDown: () => place + 1, ArrowLeft: () => place - 1, ArrowUp: () => place - 1,
    PageDown: () => place + PAGE, PageUp: () => place - PAGE, Home: () => 1, End: () => addresses.length,
  };
  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const move = MOVES[event.key], number = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
    if (!move && !windows[number - 1]) return;
    event.preventDefault();
    if (move) go(move()); else choose(windows[number - 1].dataset.windowOf);
  });
  let rolled = 0;
  stage.addEventListener("wheel", (event) => {
    if (event.ctrlKey) return; // the browser's own zoom
    event.preventDefault();
    rolled += event.deltaMode === 0 ? event.deltaY : event.deltaY * WHEEL_PX;
    const moved = Math.trunc(rolled / WHEEL_PX);
    rolled -= moved * WHEEL_PX;
    if (moved) go(place + moved);
  }, { passive: false });
  let held = null;
  stage.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button !== 0) return;
    stage.focus({ preventScroll: true });
    held = { id: event.pointerId, y: event.clientY, place };
    stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", (event) => {
    if (held?.id === event.pointerId) go(held.place + Math.trunc((event.clientY - held.y) / DRAG_PX));
  });
  for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, () => { held = null; });
  slider.addEventListener("input", () => go(Number(slider.value)));
  look.addEventListener("click", (event) => {
    const link = event.target.closest("[data-step], [data-window-of]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.dataset.step) go(place + Number(link.dataset.step)); else choose(link.dataset.windowOf);
  });

  look.querySelector("[data-picture]").replaceWith(canvas);
  stage.tabIndex = 0;
  stage.classList.add("is-live");
  stage.setAttribute("role", "group");
  stage.setAttribute("aria-label", look.getAttribute("aria-label"));
  slider.hidden = keys.hidden = addresses.length < 2;
  go(place);
  stage.focus({ preventScroll: true });
})();
