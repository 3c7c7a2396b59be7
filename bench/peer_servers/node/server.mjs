// node-oidc-provider with its Redis adapter, as its documentation sets it up: one page that
// signs a person in and remembers their consent, the two portals of the bench, ES256 ID tokens.
import cluster from 'node:cluster';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync, existsSync } from 'node:fs';
import http from 'node:http';
import Provider from 'oidc-provider';
import RedisAdapter from './redis.mjs';

const { PORT, ISSUER, REDIRECT_URI, SECRET, KEYS_FILE } = process.env;
const PROCESSES = Number(process.env.PROCESSES || 1);

if (!existsSync(KEYS_FILE)) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid: 'bench' };
  writeFileSync(KEYS_FILE, JSON.stringify({ keys: [key] }), { mode: 0o600 });
}

function portal(client_id, grant_types) {
  return {
    client_id,
    client_secret: SECRET,
    grant_types,
    redirect_uris: [REDIRECT_URI],
    response_types: grant_types.includes('authorization_code') ? ['code'] : [],
    ...(grant_types.includes('authorization_code') ? {} : { redirect_uris: [] }),
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: 'ES256',
  };
}

const provider = new Provider(ISSUER, {
  adapter: RedisAdapter,
  clients: [
    portal('portal', ['authorization_code']),
    portal('keeper', ['authorization_code', 'refresh_token']),
    portal('service', ['client_credentials']),
  ],
  jwks: JSON.parse(readFileSync(KEYS_FILE)),
  cookies: { keys: ['bench-0123456789abcdef0123456789abcdef'] },
  enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  interactions: { url: (_, { uid }) => `/interaction/${uid}` },
  issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  pkce: { required: () => true },
  // The same lifetimes as the node's.
  ttl: {
    AccessToken: 900, AuthorizationCode: 60, ClientCredentials: 900, Grant: 43200,
    IdToken: 900, Interaction: 1800, RefreshToken: 2592000, Session: 43200,
  },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
  },
});
provider.proxy = true;
provider.on('server_error', (_, error) => console.error(error));

async function interact(request, response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') {
    response.setHeader('Content-Type', 'text/html');
    return response.end('<form method="post"><input name="username"><button id="go">Go</button></form>');
  }
  let body = '';
  for await (const part of request) body += part;
  const accountId = session?.accountId ?? new URLSearchParams(body).get('username');
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope('openid');
  const result = { consent: { grantId: await grant.save() } };
  if (prompt.name === 'login') result.login = { accountId };
  return provider.interactionFinished(request, response, result);
}

if (PROCESSES > 1 && cluster.isPrimary) {
  for (let i = 0; i < PROCESSES; i += 1) cluster.fork();
} else {
  const answer = provider.callback();
  http.createServer((request, response) => {
    if (!request.url.startsWith('/interaction/')) return answer(request, response);
    return interact(request, response).catch((error) => {
      console.error(error);
      response.statusCode = 500;
      response.end(String(error));
    });
  }).listen(Number(PORT), '127.0.0.1');
}
