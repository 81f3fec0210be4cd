// The store: Medplum's in-memory repository with what a real server has besides (validation, references that must
// exist, 410 after a deletion, roll-back, an index of identifiers) and a journal of all that was committed.
import { check, core } from './checking.mjs';
const { MemoryRepository } = await import('@medplum/fhir-router');

const { OperationOutcomeError, deepClone, gone, notFound, badRequest } = core;
const REFERENCE = /"reference":"([A-Z]\w+)\/([^"/]+)"/g;
const ID = /^[A-Za-z0-9\-.]{1,64}$/;
export const INJECTED = 'urn:annae:test:status'; // marks an outcome whose status a test has chosen

export const outcome = (code, text, coding) => ({
  resourceType: 'OperationOutcome',
  issue: [{ severity: 'error', code, details: { text, ...(coding && { coding: [coding] }) } }],
});
const fail = (what) => {
  throw new OperationOutcomeError(what);
};
export const refusal = (status, code, text) => ({
  ...outcome(code, text, { system: INJECTED, code: String(status) }),
  // By this id Medplum knows a throttled entry, and fills the rest of the batch with the same answer.
  ...(status === 429 && { id: core.tooManyRequests.id }),
});

export class Repository extends MemoryRepository {
  journal = [];
  requestId = undefined;
  #identifiers = new Map();
  #deleted = new Set();
  #undo = null;
  #seq = 0;

  constructor(config, rejects) {
    super();
    Object.assign(this, { config, rejects });
  }

  sizes() {
    return Object.fromEntries([...this.resources].map(([type, all]) => [type, all.size]));
  }

  has(type, id) {
    return this.resources.get(type)?.has(id) ?? false;
  }

  createResourceSync(resource, options, isUpdate = false) {
    const { resourceType: type, id } = resource;
    this.#refuse(resource);
    if (this.config.VALIDATE) check(resource);
    if (id !== undefined && !ID.test(id)) fail(badRequest('Invalid resource id', `${type}.id`));
    const before = this.resources.get(type)?.get(id);
    if (isUpdate && !before && !this.config.UPDATE_CREATE) fail(notFound);
    if (this.config.REF_INTEGRITY)
      for (const [, parent, key] of JSON.stringify(resource).matchAll(REFERENCE))
        if (!this.has(parent, key)) fail(badRequest(`Resource ${parent}/${key} not found, specified in ${type}`));

    const after = super.createResourceSync(resource, options, isUpdate);
    const reference = `${type}/${after.id}`;
    const wasDeleted = this.#deleted.delete(reference);
    const entry = this.#write(before ? 'update' : 'create', reference, after.meta.versionId);
    this.#reindex(before, after);
    this.#undo?.push(() => {
      const all = this.resources.get(type);
      if (before) all.set(after.id, before);
      else all.delete(after.id);
      this.history.get(type).get(after.id).pop();
      this.#reindex(after, before);
      if (wasDeleted) this.#deleted.add(reference);
      this.journal.splice(this.journal.indexOf(entry), 1);
    });
    return after;
  }

  // identifier=system|value is answered from an index: upstream scans everything.
  searchSync(wanted) {
    const isPlain = (one) => one.code === 'identifier' && one.operator === 'eq' && /^[^,]*\|[^,]*$/.test(one.value);
    const filter = (wanted.filters ?? []).find(isPlain);
    if (!filter) return super.searchSync(wanted);
    const ids = this.#identifiers.get(`${wanted.resourceType}|${filter.value}`.toLowerCase()) ?? [];
    const found = [...ids]
      .map((id) => this.resources.get(wanted.resourceType).get(id))
      .filter((one) => core.matchesSearchRequest(one, wanted));
    const page = found.slice(wanted.offset ?? 0).slice(0, wanted.count ?? found.length);
    const entry = page.map((one) => ({ search: { mode: 'match' }, resource: deepClone(one) }));
    return { resourceType: 'Bundle', type: 'searchset', total: found.length, ...(entry.length && { entry }) };
  }

  async readResource(type, id) {
    if (this.#deleted.has(`${type}/${id}`)) fail(gone);
    return super.readResource(type, id);
  }

  // Upstream turns its own array round at each call; here a copy is turned.
  async readHistory(type, id) {
    const versions = [...(this.history.get(type)?.get(id) ?? fail(notFound))].reverse();
    const entry = versions.map((one) => ({ resource: deepClone(one) }));
    return { resourceType: 'Bundle', type: 'history', total: entry.length, entry };
  }

  async deleteResource(type, id, options) {
    const reference = `${type}/${id}`;
    const before = this.resources.get(type)?.get(id);
    if (!before) return this.#deleted.has(reference) ? undefined : fail(notFound);
    await super.deleteResource(type, id, options);
    this.#reindex(before, undefined);
    this.#deleted.add(reference);
    const entry = this.#write('delete', reference);
    this.#undo?.push(() => {
      this.resources.get(type).set(id, before);
      this.#reindex(undefined, before);
      this.#deleted.delete(reference);
      this.journal.splice(this.journal.indexOf(entry), 1);
    });
  }

  // Upstream has no roll-back: an undo log serves, as requests run one at a time.
  async withTransaction(work) {
    if (this.#undo || !this.config.TX_ROLLBACK) return work(this);
    this.#undo = [];
    try {
      return await work(this);
    } catch (error) {
      this.#undo.reverse().forEach((step) => step());
      throw error;
    } finally {
      this.#undo = null;
    }
  }

  #refuse(resource) {
    const { resourceType: type, id, identifier } = resource;
    if (this.config.TYPES && !this.config.TYPES.includes(type))
      fail(refusal(404, 'not-supported', `Unknown resource type ${type}`));
    const text = `${type}/${id} ${JSON.stringify(identifier ?? '')}`;
    const rule = this.rejects.find((one) => one.n > 0 && new RegExp(one.match).test(text));
    if (!rule) return;
    rule.n--;
    fail(refusal(rule.status, rule.code ?? 'business-rule', rule.text ?? 'injected'));
  }

  #write(op, ref, versionId) {
    const entry = { seq: ++this.#seq, op, ref, versionId, at: Date.now(), reqId: this.requestId };
    this.journal.push(entry);
    return entry;
  }

  #reindex(before, after) {
    for (const key of keysOf(before)) this.#identifiers.get(key)?.delete(before.id);
    for (const key of keysOf(after)) {
      if (!this.#identifiers.has(key)) this.#identifiers.set(key, new Set());
      this.#identifiers.get(key).add(after.id);
    }
  }
}

function keysOf(resource) {
  const all = [resource?.identifier ?? []].flat();
  return all.map((one) => `${resource.resourceType}|${one.system ?? ''}|${one.value}`.toLowerCase());
}
