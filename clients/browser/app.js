// A page without a server of its own: a public client, code + PKCE, no iframe.
// config.json beside this file holds {"issuer": …, "client_id": …}.
const show = (id, text) => (document.getElementById(id).textContent = text);
const on = (id, action) => document.getElementById(id).addEventListener("click", () => action().catch(failed));

main().catch(failed);

// region: configuration
async function connect() {
  const { issuer, client_id } = await (await fetch("config.json")).json();
  const here = `${location.origin}${location.pathname}`;
  return new oidc.UserManager({
    authority: issuer,
    client_id,
    redirect_uri: here,
    post_logout_redirect_uri: here,
    scope: "openid profile phone",
    loadUserInfo: true,
    // Tokens live as long as the tab, and are fetched by redirect: never through an iframe.
    userStore: new oidc.WebStorageStateStore({ store: sessionStorage }),
    automaticSilentRenew: false,
    monitorSession: false,
  });
}
// endregion

// region: use
async function main() {
  const manager = await connect();
  const answer = new URLSearchParams(location.search);
  if (answer.has("state") && (answer.has("code") || answer.has("error"))) {
    // The code leaves the address bar whether or not it can be redeemed.
    const url = location.href;
    history.replaceState(null, "", location.pathname);
    await manager.signinRedirectCallback(url);
  }
  on("sign-in", () => manager.signinRedirect());
  on("sign-out", async () => {
    const user = await manager.getUser();
    await manager.signoutRedirect({ id_token_hint: user?.id_token });
  });
  on("read", async () => {
    const user = await manager.getUser();
    const { userinfo_endpoint } = await manager.metadataService.getMetadata();
    const response = await fetch(userinfo_endpoint, {
      headers: { Authorization: `Bearer ${user.access_token}` },
    });
    show("state", response.ok ? "已重新读取" : `已拒绝：${response.status}`);
  });
  on("revoke", async () => {
    await manager.revokeTokens(["access_token"]);
    show("state", "令牌已撤销");
  });
  draw(await manager.getUser());
}
// endregion

function draw(user) {
  show("state", user ? "已登录" : "未登录");
  show("claims", user ? JSON.stringify(user.profile, null, 2) : "");
  document.getElementById("sign-in").hidden = Boolean(user);
  for (const id of ["read", "revoke", "sign-out"]) document.getElementById(id).hidden = !user;
}

function failed(error) {
  show("state", `没有完成：${error.error ?? error.message}`);
  document.getElementById("sign-in").hidden = false;
}
