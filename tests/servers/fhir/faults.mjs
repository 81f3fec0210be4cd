// What goes wrong on the way, on demand.
//   {"mode": "503" (any status) | hang | drop | slow | garbage | empty | cut | short | long | swap,
//    "after": true, "n": 3, "p": 0.1, "retryAfter": 2 | "<HTTP date>", "ms": 30000, "match": "PUT .*Patient"}
// after: commit first, then lose the answer. short, long and swap spoil the answer to a bundle, so it is committed.
const JSON_TYPE = { 'Content-Type': 'application/fhir+json; charset=utf-8' };
const BUNDLE_MODES = new Set(['short', 'long', 'swap']);

export class Faults {
  #rules = [];
  stats = {};

  get rules() {
    return this.#rules;
  }

  add(rule) {
    this.#rules.push({ n: rule.p ? Infinity : 1, ms: 30000, retryAfter: 2, ...rule });
  }

  count(name) {
    this.stats[name] = (this.stats[name] ?? 0) + 1;
  }

  // The fault that meets this request, used up by one.
  take(line) {
    const rule = this.#rules.find(
      (one) => one.n > 0 && (!one.p || Math.random() < one.p) && (!one.match || new RegExp(one.match).test(line)),
    );
    if (!rule) return undefined;
    rule.n--;
    this.count(`fault ${rule.mode}${rule.after ? ' after' : ''}`);
    return { ...rule, after: rule.after || BUNDLE_MODES.has(rule.mode) };
  }
}

export function spoil(fault, req, res, answer, send, outcome) {
  switch (fault.mode) {
    case 'drop':
      return req.socket.destroy();
    case 'hang':
      return setTimeout(() => req.socket.destroy(), fault.ms).unref();
    case 'garbage':
      return res.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>proxy</html>');
    case 'empty':
      return res.writeHead(200, JSON_TYPE).end();
    case 'cut':
      res.writeHead(200, { ...JSON_TYPE, 'Content-Length': 1000 });
      return res.write('{"resourceType":"Bund', () => req.socket.destroy());
    case 'short':
    case 'long':
    case 'swap':
      return send(answer[0], rearranged(answer[1], fault.mode), answer[2]);
    default: {
      const waits = ['429', '503'].includes(String(fault.mode));
      const code = String(fault.mode) === '429' ? 'throttled' : 'transient';
      const headers = { ...(waits && { 'Retry-After': String(fault.retryAfter) }), ...fault.headers };
      return send(Number(fault.mode), outcome(code, 'injected fault'), headers);
    }
  }
}

function rearranged(bundle, mode) {
  const entry = [...(bundle?.entry ?? [])];
  if (mode === 'short') entry.pop();
  if (mode === 'long') entry.push(entry[0]);
  if (mode === 'swap') entry.reverse();
  return { ...bundle, entry };
}
