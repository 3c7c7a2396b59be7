/* Passes what the node asks on to the authenticator, and its answer back in a form (WebAuthn Level 3). */
(() => {
  "use strict";

  const decode = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const encode = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  /* Older browsers cannot read and write JSON themselves (parseCreationOptionsFromJSON, toJSON). */
  const named = (list) => (list || []).map((each) => ({ ...each, id: decode(each.id) }));
  const forNew = (asked) => ({
    ...asked,
    challenge: decode(asked.challenge),
    user: { ...asked.user, id: decode(asked.user.id) },
    excludeCredentials: named(asked.excludeCredentials),
  });
  const forOld = (asked) => ({ ...asked, challenge: decode(asked.challenge), allowCredentials: named(asked.allowCredentials) });

  function written(credential) {
    const { response } = credential;
    const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
    const said = Object.fromEntries(parts.filter((part) => response[part]).map((part) => [part, encode(response[part])]));
    if (response.getTransports) said.transports = response.getTransports();
    return JSON.stringify({ id: credential.id, rawId: encode(credential.rawId), type: credential.type, response: said, clientExtensionResults: {} });
  }

  async function asked(form, method) {
    const body = method === "POST" ? new URLSearchParams({ csrf_token: form.elements.csrf_token.value }) : undefined;
    const answer = await fetch(form.dataset.optionsUrl, { method, body, credentials: "same-origin", headers: { Accept: "application/json" } });
    if (answer.redirected || !answer.ok) throw new Error("asked");
    return answer.json();
  }

  function send(form, credential) {
    form.elements.credential.value = written(credential);
    form.submit();
  }

  /* What went wrong, in the words of the page; pressing again is always possible. */
  function tell(form, error) {
    const place = form.querySelector("[data-said]");
    const words = { NotAllowedError: place.dataset.cancelled, InvalidStateError: place.dataset.known, AbortError: "" };
    place.textContent = words[error.name] ?? place.dataset.failed;
    place.hidden = !place.textContent;
  }

  function make(form) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      try {
        send(form, await navigator.credentials.create({ publicKey: forNew(await asked(form, "POST")) }));
      } catch (error) {
        tell(form, error);
      }
    }, true);
  }

  let waiting = null;

  function show(form) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (waiting) waiting.abort();
      try {
        send(form, await navigator.credentials.get({ publicKey: forOld(await asked(form, "GET")) }));
      } catch (error) {
        tell(form, error);
      }
    }, true);
  }

  /* Offered among the names a browser fills in, where it can: nothing is shown until the person chooses. */
  async function offer(form) {
    if (!PublicKeyCredential.isConditionalMediationAvailable) return;
    if (!(await PublicKeyCredential.isConditionalMediationAvailable())) return;
    waiting = new AbortController();
    try {
      const publicKey = forOld(await asked(form, "GET"));
      send(form, await navigator.credentials.get({ publicKey, mediation: "conditional", signal: waiting.signal }));
    } catch {
      /* The person signs in another way. */
    }
  }

  /* Devices forget what has been taken away here, where they can. */
  function forget(place) {
    if (!PublicKeyCredential.signalAllAcceptedCredentials || !place.dataset.handle) return;
    PublicKeyCredential.signalAllAcceptedCredentials({
      rpId: place.dataset.rpId,
      userId: place.dataset.handle,
      allAcceptedCredentialIds: JSON.parse(place.dataset.accepted),
    }).catch(() => {});
  }

  function forgetOne(place) {
    if (!PublicKeyCredential.signalUnknownCredential) return;
    PublicKeyCredential.signalUnknownCredential({ rpId: place.dataset.rpId, credentialId: place.dataset.unknown }).catch(() => {});
  }

  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const able = Boolean(window.PublicKeyCredential && navigator.credentials);
  for (const each of all("[data-without-passkeys]")) each.hidden = able;
  for (const each of all("[data-with-passkeys]")) each.hidden = !able;
  if (!able) return;
  all("form[data-passkey=new]").forEach(make);
  all("form[data-passkey=show]").forEach(show);
  all("form[data-passkey=offer]").forEach(offer);
  all("[data-accepted]").forEach(forget);
  all("[data-unknown]").forEach(forgetOne);
})();
