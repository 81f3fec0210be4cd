// A real FHIR R4 engine (@medplum/fhir-router, @medplum/core) behind node:http, with faults on demand.
// HOST=127.0.0.1 PORT=0 node server.mjs; README.md lists what may be asked of /_control.
import http from 'node:http';
import { Access } from './access.mjs';
import { core, wrongIn } from './checking.mjs';
import { Faults, spoil } from './faults.mjs';
import { INJECTED, Repository, outcome } from './repository.mjs';
const { FhirRouter } = await import('@medplum/fhir-router');

const { env } = process;
const KNOWN = ['Patient', 'Encounter', 'Appointment', 'ServiceRequest', 'Task', 'ImagingStudy', 'DiagnosticReport',
  'Observation', 'AuditEvent', 'Location'];
const on = (value, otherwise) => (value ?? otherwise) === '1';
// Kinds of servers: UPDATE_CREATE off is Medplum, OpenMRS; REF_INTEGRITY on is Google, HAPI; TYPES is OpenEMR;
// ETAGS in batch answers is HAPI; LINKS: how the next page is named; RECORD: keep what was sent, for the session's end.
const DEFAULTS = {
  UPDATE_CREATE: on(env.UPDATE_CREATE, '1'),
  REF_INTEGRITY: on(env.REF_INTEGRITY, '0'),
  TX_ROLLBACK: on(env.TX_ROLLBACK, '1'),
  VALIDATE: on(env.VALIDATE, '1'),
  RECORD: on(env.RECORD, '1'),
  TYPES: null,
  ETAGS: false,
  LINKS: 'absolute',
};

const router = new FhirRouter();
const sent = new Set();
const config = { ...DEFAULTS };
const rejects = [];
let faults = new Faults();
let access = new Access();
let repository = new Repository(config, rejects);
let chain = Promise.resolve();

// POST /_control; without a body or by GET: the counters alone.
function control(asked) {
  if (asked.reset || asked.wipe) {
    faults = new Faults();
    rejects.length = 0;
    access = new Access();
    Object.assign(config, DEFAULTS);
  }
  if (asked.wipe) repository = new Repository(config, rejects);
  if (asked.config) Object.assign(config, asked.config);
  if (asked.auth) access = new Access(asked.auth);
  if (asked.revoke) access.revoke();
  if (asked.mode) faults.add(asked);
  if (asked.reject) rejects.push({ n: Infinity, status: 422, ...asked, match: asked.reject });
  return {
    faults: faults.rules,
    rejects,
    config,
    stats: faults.stats,
    tokens: access.issued,
    writes: repository.journal.length,
    resources: repository.sizes(),
  };
}

// What the suite sent, judged once, when it is over: [{where, type, issue, resource}].
function judged() {
  const wrong = [...sent].flatMap((text) => {
    const resource = JSON.parse(text);
    return wrongIn(resource).map((one) => ({ ...one, resource }));
  });
  return { sent: sent.size, wrong };
}

function record(body) {
  const resources = body?.resourceType === 'Bundle' ? (body.entry ?? []).map((one) => one?.resource) : [body];
  for (const resource of resources) if (resource?.resourceType) sent.add(JSON.stringify(resource));
}

function metadata() {
  const interaction = ['read', 'vread', 'update', 'create', 'delete', 'search-type', 'history-instance'];
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: '2024-01-01',
    kind: 'instance',
    fhirVersion: '4.0.1',
    format: ['json'],
    software: { name: "Annae's FHIR server for tests (medplum fhir-router)" },
    rest: [
      {
        mode: 'server',
        interaction: [{ code: 'transaction' }, { code: 'batch' }],
        resource: (config.TYPES ?? KNOWN).map((type) => ({
          type,
          interaction: interaction.map((code) => ({ code })),
          versioning: 'versioned-update',
          conditionalCreate: true,
          conditionalUpdate: true,
          updateCreate: config.UPDATE_CREATE,
          searchParam: [{ name: '_lastUpdated', type: 'date' }, { name: 'identifier', type: 'token' }],
        })),
      },
    ],
  };
}

// The status that a test chose for an outcome, which is then taken off it.
function chosen(said) {
  for (const one of said?.issue ?? [])
    for (const coding of one.details?.coding ?? [])
      if (coding.system === INJECTED) {
        delete one.details.coding;
        return Number(coding.code);
      }
  return undefined;
}

function paged(bundle, req) {
  const here = new URL(req.url, `http://${req.headers.host}`);
  const count = Number(here.searchParams.get('_count') ?? 20);
  const offset = Number(here.searchParams.get('_offset') ?? 0);
  const link = [{ relation: 'self', url: here.href }];
  if (count && offset + count < bundle.total) {
    here.searchParams.set('_offset', String(offset + count));
    const path = here.href.slice(here.origin.length);
    const named = { absolute: here.href, relative: path, foreign: `http://elsewhere.example${path}` };
    link.push({ relation: 'next', url: named[config.LINKS] });
  }
  return { ...bundle, link };
}

async function fhir(req, text) {
  const url = req.url.replace(/^\/fhir(\/R4)?\/?/, '/');
  const base = `http://${req.headers.host}/fhir`;
  if (url === '/.well-known/smart-configuration') return [200, access.discovery(base)];
  if (url.startsWith('/metadata')) return [200, metadata()];
  if (!access.lets(req.headers.authorization))
    return [401, outcome('login', 'who are you?'), { 'WWW-Authenticate': 'Bearer' }];
  const isWriting = ['POST', 'PUT', 'PATCH'].includes(req.method);
  if (isWriting && !/json|x-www-form/.test(req.headers['content-type'] ?? ''))
    return [415, outcome('not-supported', 'Content-Type must be application/fhir+json')];
  let body;
  try {
    if (text) body = JSON.parse(text);
  } catch (error) {
    return [400, outcome('structure', `Invalid JSON: ${error.message}`)];
  }
  if (config.RECORD && ['POST', 'PUT'].includes(req.method)) record(body);
  const [, type, id] = /^\/(\w+)\/([^/?]+)$/.exec(url) ?? [];
  const [said, resource, existed] = await (chain = chain.then(run, run));
  return answered(req, said, resource, type && !existed);

  // One request at a time, as a serialisable database would appear to its clients.
  async function run() {
    const before = repository.has(type, id);
    repository.requestId = req.headers['x-request-id'];
    const { method, headers } = req;
    const asked = { method, url, pathname: '', params: {}, query: {}, headers, body, config: { transactions: true } };
    const [said, resource] = await router.handleRequest(asked, repository);
    return [said, resource, before];
  }
}

function answered(req, said, resource, isNew) {
  let status = chosen(said) ?? core.getStatus(said);
  if (status === 200 && req.method === 'PUT' && isNew) status = 201;
  if (status === 200 && req.method === 'DELETE') status = 204;
  if (resource?.resourceType === 'Bundle') resource = inBundle(resource, req);
  const { versionId, lastUpdated } = resource?.meta ?? {};
  const headers = {};
  if (versionId) {
    headers.ETag = `W/"${versionId}"`;
    headers['Last-Modified'] = new Date(lastUpdated).toUTCString();
    if (req.method !== 'GET')
      headers.Location = `/fhir/${resource.resourceType}/${resource.id}/_history/${versionId}`;
  }
  const isWrite = req.method !== 'GET' && resource?.resourceType !== 'Bundle';
  const isMinimal = isWrite && status < 300 && /return=minimal/.test(req.headers.prefer ?? '');
  return [status, isMinimal || status === 204 ? undefined : (resource ?? said), headers];
}

function inBundle(bundle, req) {
  if (bundle.type === 'searchset') return paged(bundle, req);
  for (const { response, resource } of bundle.entry ?? []) {
    const status = chosen(response?.outcome);
    if (status) response.status = String(status);
    if (config.ETAGS && resource?.meta?.versionId) response.etag = `W/"${resource.meta.versionId}"`;
  }
  return bundle;
}

async function handle(req, res) {
  const chunks = [];
  try {
    for await (const chunk of req) chunks.push(chunk);
  } catch {
    return; // the client was killed while it was sending
  }
  const text = Buffer.concat(chunks).toString('utf8');
  const send = (status, body, headers = {}, type = 'application/fhir+json; charset=utf-8') => {
    const content = body === undefined ? '' : JSON.stringify(body);
    res.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(content), ...headers });
    res.end(content);
  };
  const plain = (body) => send(200, body, {}, 'application/json');
  if (req.url === '/_control') return plain(control(text ? JSON.parse(text) : {}));
  if (req.url === '/_journal') return plain(repository.journal);
  if (req.url === '/_judged') return plain(judged());
  if (req.url === '/_validate') return plain(JSON.parse(text).map((one) => wrongIn(one)));

  const fault = faults.take(`${req.method} ${req.url}`);
  if (fault?.mode === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.ms));
  else if (fault && !fault.after) return spoil(fault, req, res, [], send, outcome);
  const answer = await answerTo(req, text).catch((error) => [500, outcome('exception', String(error.stack ?? error))]);
  faults.count(String(answer[0]));
  if (fault?.after && fault.mode !== 'slow') return spoil(fault, req, res, answer, send, outcome);
  return send(...answer);
}

async function answerTo(req, text) {
  if (req.url !== '/auth/token') return fhir(req, text);
  const [status, body] = await access.token(text, `http://${req.headers.host}/auth/token`);
  return [status, body, { 'Cache-Control': 'no-store' }, 'application/json'];
}

http
  .createServer({ keepAliveTimeout: 65000 }, handle)
  .listen(Number(env.PORT ?? 8103), env.HOST ?? '127.0.0.1', function () {
    console.log('listening on', this.address());
  });
