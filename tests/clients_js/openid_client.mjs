// Drives npm openid-client (v6) against a live node, one step a call: JSON in, JSON out.
// `start` makes the authorization URL; `finish` does everything a portal's server would do next.
import * as oidc from "openid-client";
import { importJWK } from "jose";
import { text } from "node:stream/consumers";

const steps = { start, finish, refused };
const given = JSON.parse(await text(process.stdin));
console.log(JSON.stringify(await steps[process.argv[2]](given)));

async function start(given) {
  const config = await configuration(given);
  const kept = {
    verifier: oidc.randomPKCECodeVerifier(),
    state: oidc.randomState(),
    nonce: oidc.randomNonce(),
  };
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: given.redirect_uri,
    scope: given.scope,
    state: kept.state,
    nonce: kept.nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(kept.verifier),
    code_challenge_method: "S256",
    ...given.more,
  });
  return { url: url.href, kept, metadata: config.serverMetadata() };
}

async function finish(given) {
  const config = await configuration(given);
  const tokens = await oidc.authorizationCodeGrant(config, new URL(given.callback), {
    pkceCodeVerifier: given.kept.verifier,
    expectedState: given.kept.state,
    expectedNonce: given.kept.nonce,
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  const introspected = await oidc.tokenIntrospection(config, tokens.access_token);
  const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  await oidc.tokenRevocation(config, refreshed.refresh_token);
  const afterwards = {
    refresh: await error(() => oidc.refreshTokenGrant(config, refreshed.refresh_token)),
    access: await oidc.tokenIntrospection(config, refreshed.access_token),
    userinfo: await error(() => oidc.fetchUserInfo(config, refreshed.access_token, claims.sub)),
  };
  const logout = oidc.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: given.post_logout_redirect_uri,
    state: "bye",
  });
  return {
    claims,
    userinfo,
    introspected,
    refreshed: { claims: refreshed.claims(), rotated: refreshed.refresh_token !== tokens.refresh_token },
    afterwards,
    logout: logout.href,
    id_token: tokens.id_token,
  };
}

// What the library says when the node refuses, so that a test can read the error.
async function refused(given) {
  const config = await configuration(given);
  const checks = { pkceCodeVerifier: given.kept.verifier, expectedState: given.kept.state, expectedNonce: given.kept.nonce };
  return { error: await error(() => oidc.authorizationCodeGrant(config, new URL(given.callback), checks)) };
}

async function configuration({ issuer, client_id, auth }) {
  return oidc.discovery(new URL(issuer), client_id, {}, await authentication(auth), {
    execute: [oidc.allowInsecureRequests],
  });
}

async function authentication(auth) {
  if (auth.method === "client_secret_basic") return oidc.ClientSecretBasic(auth.secret);
  if (auth.method === "client_secret_post") return oidc.ClientSecretPost(auth.secret);
  const key = await importJWK(auth.key, auth.key.alg);
  return oidc.PrivateKeyJwt({ key, kid: auth.key.kid });
}

async function error(step) {
  try {
    await step();
    return null;
  } catch (problem) {
    return { name: problem.name, error: problem.error ?? null, status: problem.status ?? problem.cause?.status ?? null };
  }
}
