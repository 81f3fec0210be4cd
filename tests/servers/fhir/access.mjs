// Who may come in: nobody asks, a name and password, a token, or SMART Backend Services with all its checks
// (hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html).
import crypto from 'node:crypto';

const LONGEST_ASSERTION_SECONDS = 300;
const LEEWAY_SECONDS = 5;
const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const ALGORITHMS = { RS384: {}, ES384: { dsaEncoding: 'ieee-p1363' } };
const now = () => Math.floor(Date.now() / 1000);
const json = (part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));

export class Access {
  // `ask`: {kind: none|basic|bearer|smart, user, password, token, client_id, jwks | jwks_url, expires_in, scopes}
  constructor(ask = { kind: 'none' }) {
    this.ask = { expires_in: 300, scopes: ['system/*.cruds'], ...ask };
    this.tokens = new Map();
    this.seen = new Set();
    this.issued = 0;
  }

  discovery(base) {
    return {
      issuer: base,
      token_endpoint: new URL('/auth/token', base).href,
      grant_types_supported: ['client_credentials'],
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: Object.keys(ALGORITHMS),
      scopes_supported: this.ask.scopes,
      capabilities: ['client-confidential-asymmetric', 'permission-v2'],
    };
  }

  revoke() {
    this.tokens.clear();
  }

  lets(authorization = '') {
    const { kind, user, password, token } = this.ask;
    if (kind === 'none') return true;
    if (kind === 'basic') return authorization === 'Basic ' + Buffer.from(`${user}:${password}`).toString('base64');
    const shown = authorization.replace(/^Bearer /, '');
    if (kind === 'bearer') return authorization === `Bearer ${token}`;
    return authorization.startsWith('Bearer ') && (this.tokens.get(shown) ?? 0) > now();
  }

  // Answer a request for a token: [status, body].
  async token(text, endpoint) {
    const form = new URLSearchParams(text);
    try {
      if (this.ask.kind !== 'smart') throw new Error('this server gives no tokens');
      if (form.get('grant_type') !== 'client_credentials') return [400, { error: 'unsupported_grant_type' }];
      if (form.get('client_assertion_type') !== ASSERTION) throw new Error('client_assertion_type');
      await this.#verify(form.get('client_assertion') ?? '', endpoint);
    } catch (error) {
      return [401, { error: 'invalid_client', error_description: error.message }];
    }
    const scope = form.get('scope') ?? '';
    if (!scope || scope.split(' ').some((one) => !this.ask.scopes.includes(one)))
      return [400, { error: 'invalid_scope' }];
    const token = crypto.randomBytes(32).toString('base64url');
    this.tokens.set(token, now() + this.ask.expires_in);
    this.issued++;
    return [200, { access_token: token, token_type: 'bearer', expires_in: this.ask.expires_in, scope }];
  }

  async #verify(assertion, endpoint) {
    const [head, body, signature, more] = assertion.split('.');
    if (!signature || more !== undefined) throw new Error('the assertion is no JWT');
    const { alg, kid, typ } = json(head);
    const { iss, sub, aud, exp, iat, jti } = json(body);
    if (!Object.hasOwn(ALGORITHMS, alg)) throw new Error(`alg ${alg} is not allowed`);
    if (typ !== 'JWT') throw new Error('typ must be JWT');
    const jwk = (await this.#keys()).find((one) => one.kid === kid && kid);
    if (!jwk) throw new Error(`no key ${kid}`);
    if (jwk.d) throw new Error('the key set holds a private key');
    const key = crypto.createPublicKey({ key: jwk, format: 'jwk' });
    const isTheirs = crypto.verify(
      'sha384', Buffer.from(`${head}.${body}`), { key, ...ALGORITHMS[alg] }, Buffer.from(signature, 'base64url'),
    );
    if (!isTheirs) throw new Error('wrong signature');
    if (iss !== this.ask.client_id || sub !== iss) throw new Error('iss and sub must be the client');
    if (aud !== endpoint) throw new Error(`aud must be ${endpoint}`);
    if (!Number.isInteger(exp) || exp <= now()) throw new Error('exp is over');
    if (exp > now() + LONGEST_ASSERTION_SECONDS + LEEWAY_SECONDS) throw new Error('exp is more than 5 minutes away');
    if (iat !== undefined && iat > now() + LEEWAY_SECONDS) throw new Error('iat is in the future');
    if (!jti || this.seen.has(jti)) throw new Error('jti must be new');
    this.seen.add(jti);
  }

  async #keys() {
    if (this.ask.jwks) return this.ask.jwks.keys;
    const answer = await fetch(this.ask.jwks_url);
    if (!answer.ok) throw new Error(`the key set answered ${answer.status}`);
    return (await answer.json()).keys;
  }
}
