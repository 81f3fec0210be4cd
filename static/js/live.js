/* Live: one socket keeps every [data-topic] on the page current, and the page never looks newer than it is. */
(function () {
  "use strict";

  const BEAT_LATE = 6;
  const STALE = 15;
  const UNHEARD = 10;
  const POLL = 5;
  const ASK = 10;
  const SIGNED_OUT = 1008;
  const COME_BACK = 1012;

  const seconds = () => performance.now() / 1000;
  const topics = () => [...document.querySelectorAll("[data-topic]")];
  /* A page whose root names [data-topics] follows those: a visit that changes queues takes its socket along. */
  const followed = () => document.querySelector("[data-topics]")?.dataset.topics;
  const tell = (name, detail) => document.dispatchEvent(new CustomEvent(`annae:${name}`, { detail }));
  const withTimeout = (options) => ({ signal: AbortSignal.timeout(ASK * 1000), ...options });

  const state = {
    heard: seconds(), // the page itself was current when it was rendered
    heardAt: new Date(),
    openSince: null, // since when a socket speaks; one that is admitted says so at once, one that is refused never
    closedSince: seconds(), // since when none does
    polledAt: 0,
    isSignedOut: false,
  };
  const behind = new Map(); // topic -> heartbeats in a row that spoke of a newer seq than the page shows
  let socket = null;

  /* The socket: a ticket first, then the connection. htmx-ext-ws sees one EventTarget and reconnects it. */

  class TicketSocket extends EventTarget {
    OPEN = WebSocket.OPEN;
    readyState = WebSocket.CONNECTING;
    #real = null;
    #isDropped = false;

    constructor(url) {
      super();
      socket = this;
      this.#connect(url).catch(() => this.#end(COME_BACK));
    }

    send(message) {
      this.#real?.send(message);
    }

    close() {
      this.#isDropped = true;
      this.#real?.close();
      this.#end(COME_BACK);
    }

    /* A line that died in the air gives no event for minutes: stop waiting for one. */
    abandon() {
      const real = this.#real;
      this.#real = null;
      real?.close();
      this.#end(COME_BACK);
    }

    async #connect(url) {
      const token = document.querySelector("meta[name=csrf-token]")?.content ?? "";
      const answer = await fetch(
        "/live/ticket",
        withTimeout({ method: "POST", headers: { "X-CSRFToken": token, "HX-Request": "true" } }),
      );
      if (answer.status === 401) return this.#end(SIGNED_OUT);
      if (!answer.ok) throw new Error(`ticket: ${answer.status}`);
      const { ticket } = await answer.json();
      if (this.readyState === WebSocket.CLOSED) return undefined;
      const address = new URL(url);
      address.searchParams.set("ticket", ticket);
      this.follows = followed();
      if (this.follows) address.searchParams.set("topics", this.follows);
      address.searchParams.set("since", topics().map((one) => `${one.dataset.topic}=${one.dataset.seq}`).join(","));
      return this.#listen(new WebSocket(address));
    }

    #listen(real) {
      this.#real = real;
      const slow = setTimeout(() => real === this.#real && this.abandon(), ASK * 1000);
      real.addEventListener("message", (event) => {
        if (real !== this.#real) return;
        clearTimeout(slow);
        if (this.readyState === WebSocket.CONNECTING) this.#open();
        this.dispatchEvent(new MessageEvent("message", { data: event.data }));
      });
      real.addEventListener("close", (event) => {
        clearTimeout(slow);
        if (real === this.#real) this.#end(event.code);
      });
    }

    /* At the first word, not at the handshake: a full server shakes hands too, and htmx would forget its patience. */
    #open() {
      this.readyState = WebSocket.OPEN;
      state.openSince = seconds();
      this.onopen?.({ type: "open" });
    }

    /* htmx-ext-ws comes back on a few codes only; we come back on all but one, unless the page let go itself. */
    #end(code) {
      if (this.readyState === WebSocket.CLOSED) return;
      this.readyState = WebSocket.CLOSED;
      if (state.openSince !== null) state.closedSince = seconds();
      state.openSince = null;
      if (code === SIGNED_OUT) return signOut();
      if (!this.#isDropped) this.onclose?.({ type: "close", code: COME_BACK });
    }
  }

  htmx.createWebSocket = (url) => new TicketSocket(url);
  htmx.config.wsReconnectDelay = (tries) => Math.random() * Math.min(5000, 500 * 2 ** tries);

  /* What arrives */

  document.addEventListener("htmx:wsBeforeMessage", (event) => {
    const id = /^\s*<[^>]*?\sid="([^"]+)"/.exec(event.detail.message)?.[1];
    if (id && !document.getElementById(id)) return event.preventDefault(); // what it belongs to has left the page
    if (!event.detail.message.startsWith("{")) return undefined;
    event.preventDefault();
    const message = JSON.parse(event.detail.message);
    if (message.type === "heartbeat") beat(message);
    if (message.type === "reload") topics().filter((one) => one.dataset.topic === message.topic).forEach(refresh);
    return undefined;
  });
  document.addEventListener("htmx:oobAfterSwap", () => {
    if (socket?.readyState === WebSocket.OPEN && socket.follows !== followed()) socket.abandon();
  });

  function hear() {
    state.heard = seconds();
    state.heardAt = new Date();
  }

  function beat(message) {
    hear();
    tell("beat", { timestamp: message.timestamp, seq: message.seq });
    for (const one of topics()) {
      const { topic, seq } = one.dataset;
      const late = message.seq[topic] > Number(seq) ? (behind.get(topic) ?? 0) + 1 : 0;
      behind.set(topic, late);
      if (late >= 2 || isTooClosed(one.dataset)) refresh(one); // lost on this side of the wire, or of the other kind
    }
    watch();
  }

  /* Behind a lock the server names nobody: what does was on its way when the screen was locked. */
  const isTooOpen = (arriving) => document.documentElement.classList.contains("is-locked") && !("covered" in arriving);
  /* And what came before the page knew that it is open again was not taken. */
  const isTooClosed = (shown) => !document.documentElement.classList.contains("is-locked") && "covered" in shown;

  function isOlder(shown, arriving) {
    return shown?.dataset?.seq !== undefined && arriving !== undefined && Number(arriving) < Number(shown.dataset.seq);
  }

  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target } = event.detail;
    const arriving = event.detail.fragment.firstElementChild?.dataset;
    if (arriving === undefined) return;
    const { topic, seq } = arriving;
    if (isOlder(target, seq) || (topic !== undefined && isTooOpen(arriving))) {
      event.detail.shouldSwap = false;
    } else if (topic !== undefined) {
      queueMicrotask(() => tell("fragment", { id: target.id, topic, seq: Number(seq) }));
    }
  });

  /* The answer to a click may arrive after the push that followed it. */
  document.addEventListener("htmx:beforeSwap", (event) => {
    const arriving = /^\s*<[^>]*\sdata-seq="(\d+)"/.exec(event.detail.serverResponse ?? "")?.[1];
    if (isOlder(event.detail.target, arriving)) event.detail.shouldSwap = false;
  });

  /* The same fragment by GET: when told to, when it is lost, and where no socket opens. */

  async function refresh(one) {
    const { topic, seq } = one.dataset;
    const query = new URLSearchParams({ topic, since: isTooClosed(one.dataset) ? "" : (seq ?? "") });
    try {
      const answer = await fetch(`/live/fragment?${query}`, withTimeout({ headers: { "HX-Request": "true" } }));
      if (answer.status === 401) signOut();
      if (answer.status === 200) htmx.swap(document.body, await answer.text(), { swapStyle: "none" });
      return answer.ok;
    } catch {
      return false; // the watchdog says what this means
    }
  }

  async function poll() {
    state.polledAt = seconds();
    const answers = await Promise.all(topics().map(refresh));
    if (answers.length && answers.every(Boolean)) hear();
    watch();
  }

  document.addEventListener("annae:opened", () => topics().filter((one) => isTooClosed(one.dataset)).forEach(refresh));

  /* What the page says about itself */

  function stale() {
    return Number(document.body.dataset.staleAfter) || STALE;
  }

  function judge(age) {
    if (age > stale()) return "stale";
    const isPolling = state.openSince === null && seconds() - state.closedSince > UNHEARD;
    if (isPolling) return "polling";
    return age > BEAT_LATE ? "delayed" : "live";
  }

  function say(name, age) {
    const live = document.getElementById("live");
    if (!live) return;
    const key = `text${name.replace(/(^|-)(\w)/g, (_, dash, letter) => letter.toUpperCase())}`;
    const time = state.heardAt.toTimeString().slice(0, 8);
    const text = (live.dataset[key] ?? "").replace("{seconds}", Math.round(age)).replace("{time}", time);
    const place = live.querySelector("[data-live-text]") ?? live;
    live.dataset.state = document.documentElement.dataset.live = name;
    live.ariaLive = name === "delayed" ? "off" : "polite"; // a screen reader need not count the seconds
    if (place.textContent !== text) place.textContent = text;
  }

  function hold(isStale) {
    document.body.classList.toggle("is-stale", isStale);
    for (const button of document.querySelectorAll("[data-needs-live]")) {
      if (isStale && !button.disabled) {
        button.disabled = true;
        button.dataset.heldByLive = "";
      } else if (!isStale && "heldByLive" in button.dataset) {
        button.disabled = false;
        delete button.dataset.heldByLive;
      }
    }
  }

  function watch() {
    if (state.isSignedOut || !document.querySelector("[ws-connect]")) return;
    const now = seconds();
    const age = now - state.heard;
    const name = judge(age);
    say(name, age);
    hold(name === "stale");
    if (state.openSince !== null && now - Math.max(state.heard, state.openSince) > STALE) socket?.abandon();
    const isUnheard = state.openSince === null && now - state.closedSince > UNHEARD;
    if (isUnheard && now - state.polledAt >= POLL) poll();
  }

  function signOut() {
    if (state.isSignedOut) return;
    state.isSignedOut = true;
    hold(true);
    const address = document.body.dataset.signedOutUrl;
    if (address) location.assign(`${address}?${new URLSearchParams({ next: location.pathname + location.search })}`);
    else say("signed-out", 0);
  }

  /* A phone that wakes shows what it slept through at once, not after the next reconnect. */
  function wake() {
    if (document.visibilityState === "visible" && !state.isSignedOut && seconds() - state.heard > BEAT_LATE) poll();
  }
  document.addEventListener("visibilitychange", wake);
  addEventListener("online", wake);
  addEventListener("pageshow", wake);

  setInterval(watch, 1000);
})();
