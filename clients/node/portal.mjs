// A portal in Node.js: sign in, greet, sign out, and hear of a sign-out elsewhere.
// ISSUER, CLIENT_ID, CLIENT_SECRET, BASE_URL and PORT come from the environment.
import { createServer } from "node:http";
import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import { createRemoteJWKSet, jwtVerify } from "jose";
import * as oidc from "openid-client";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, BASE_URL, PORT } = process.env;

// region: configuration
const config = await oidc.discovery(
  new URL(ISSUER),
  CLIENT_ID,
  {},
  oidc.ClientSecretBasic(CLIENT_SECRET),
  // Only a node on this very machine may be asked without TLS.
  { execute: ISSUER.startsWith("http://localhost") ? [oidc.allowInsecureRequests] : [] },
);
// endregion

const sessions = new Map(); // handle → { claims, idToken, sid }; use a shared store with several processes
const pending = new Map(); // handle → what the callback must match; forgotten after ten minutes
const seen = new Set(); // jti of logout tokens
const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));

const pages = {
  "GET /": home,
  "GET /login": login,
  "GET /callback": callback,
  "POST /logout": logout,
  "GET /signed-out": (_request, response) => page(response, "您已安全退出"),
  "POST /backchannel-logout": backchannelLogout,
};

createServer(async (request, response) => {
  const { pathname } = new URL(request.url, BASE_URL);
  const answer = pages[`${request.method} ${pathname}`];
  try {
    await (answer ? answer(request, response) : page(response, "页面不存在", 404));
  } catch (error) {
    console.error(pathname, error.code ?? error.name);
    page(response, "登录没有完成，请<a href='/login'>重新登录</a>", 400);
  }
}).listen(Number(PORT), "127.0.0.1", () => console.log(`${BASE_URL}/`));

function home(request, response) {
  const person = sessions.get(cookie(request, "portal"));
  if (!person) return page(response, "<a id='sign-in' href='/login'>登录</a>");
  const name = escape(person.claims.name ?? "");
  return page(
    response,
    `<p id="greeting">您好，${name}</p><form method="post" action="/logout"><button id="sign-out">退出登录</button></form>`,
  );
}

// region: login
async function login(_request, response) {
  const checks = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    expectedState: oidc.randomState(),
    expectedNonce: oidc.randomNonce(),
  };
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: `${BASE_URL}/callback`,
    scope: "openid profile phone",
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: "S256",
    state: checks.expectedState,
    nonce: checks.expectedNonce,
  });
  const handle = remember(pending, checks);
  setTimeout(() => pending.delete(handle), 600_000).unref();
  redirect(response, url.href, setCookie("portal_login", handle));
}

async function callback(request, response) {
  const handle = cookie(request, "portal_login");
  const checks = pending.get(handle);
  pending.delete(handle);
  if (!checks) return redirect(response, "/login");
  const tokens = await oidc.authorizationCodeGrant(config, new URL(request.url, BASE_URL), {
    ...checks,
    idTokenExpected: true,
  });
  const { sub, sid } = tokens.claims();
  const claims = await oidc.fetchUserInfo(config, tokens.access_token, sub);
  const session = remember(sessions, { claims, sid, idToken: tokens.id_token });
  return redirect(response, "/", setCookie("portal", session));
}
// endregion

// region: logout
function logout(request, response) {
  const handle = cookie(request, "portal");
  const person = sessions.get(handle);
  sessions.delete(handle);
  if (!person) return redirect(response, "/");
  const url = oidc.buildEndSessionUrl(config, {
    id_token_hint: person.idToken,
    post_logout_redirect_uri: `${BASE_URL}/signed-out`,
  });
  return redirect(response, url.href);
}

async function backchannelLogout(request, response) {
  const token = new URLSearchParams(await text(request)).get("logout_token") ?? "";
  const { payload } = await jwtVerify(token, keys, {
    issuer: ISSUER,
    audience: CLIENT_ID,
    typ: "logout+jwt",
    algorithms: ["ES256", "RS256"],
    requiredClaims: ["iat", "exp", "jti"],
  });
  const event = payload.events?.["http://schemas.openid.net/event/backchannel-logout"];
  const wrong = !event || payload.nonce || seen.has(payload.jti) || !(payload.sid || payload.sub);
  if (wrong) return page(response, "", 400);
  seen.add(payload.jti);
  for (const [handle, person] of sessions) {
    const named = payload.sid ? person.sid === payload.sid : person.claims.sub === payload.sub;
    if (named) sessions.delete(handle);
  }
  return page(response, "");
}
// endregion

function remember(map, value) {
  const handle = randomBytes(32).toString("base64url");
  map.set(handle, value);
  return handle;
}

function cookie(request, name) {
  const found = (request.headers.cookie ?? "").split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}

function setCookie(name, value) {
  const secure = BASE_URL.startsWith("https://") ? "; Secure" : "";
  return { "Set-Cookie": `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${secure}` };
}

function redirect(response, location, headers = {}) {
  response.writeHead(303, { Location: location, "Cache-Control": "no-store", ...headers }).end();
}

function page(response, body, status = 200) {
  const html = `<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>示例门户</title><main><h1>示例门户</h1>${body}</main></html>`;
  response.writeHead(status, { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store" }).end(html);
}

function escape(value) {
  return value.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
