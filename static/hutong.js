/* Improves pages that already work without it: counts down to the next code, shows a password, follows a
   message on its way and a picture being scanned, stops double submits, solves the safety check. Sends nothing elsewhere. */
(() => {
  "use strict";

  const all = (selector) => Array.from(document.querySelectorAll(selector));

  function countDown(button) {
    const until = Number(button.dataset.resendAt) * 1000;
    const label = button.textContent;
    const tick = () => {
      const left = Math.min(120, Math.ceil((until - Date.now()) / 1000));
      button.disabled = left > 0;
      button.textContent = left > 0 ? button.dataset.wait.replace("{s}", left) : label;
      if (left > 0) setTimeout(tick, 500);
    };
    tick();
  }

  function showPassword(box) {
    const input = box.querySelector("input");
    const button = document.createElement("button");
    const show = (shown) => {
      input.type = shown ? "text" : "password";
      button.textContent = shown ? box.dataset.hide : box.dataset.show;
      button.setAttribute("aria-label", shown ? box.dataset.hideLabel : box.dataset.showLabel);
    };
    button.type = "button";
    button.className = "ht-show";
    button.setAttribute("aria-controls", input.id);
    button.addEventListener("click", () => show(input.type === "password"));
    input.form.addEventListener("submit", () => show(false));
    show(false);
    box.append(button);
  }

  /* One answer in flight at a time, for half a minute; the page itself stays usable. */
  function followMessage(place) {
    const stop = Date.now() + 30000;
    const ask = async () => {
      try {
        const answer = await fetch(place.dataset.statusUrl, { headers: { Accept: "application/json" }, credentials: "same-origin" });
        if (answer.ok) {
          const { state, message } = await answer.json();
          if (message && message !== place.textContent) place.textContent = message;
          place.classList.toggle("is-refused", state === "refused");
          if (state === "refused") takeBackSent();
          if (state === "refused" || state === "delivered") return;
        }
      } catch {
        /* The network is away for a moment: the next round asks again. */
      }
      if (Date.now() < stop) setTimeout(ask, 2000);
    };
    setTimeout(ask, 1000);
  }

  function takeBackSent() {
    for (const box of all(".ht-sent")) box.remove();
  }

  /* What happens on the phone is said in place; the page is loaded again only when it is over. */
  function followScan(place) {
    const words = place.lastElementChild;
    const ask = async () => {
      try {
        const answer = await fetch(place.dataset.scanUrl, { headers: { Accept: "application/json" }, credentials: "same-origin" });
        if (answer.redirected) return location.reload();
        if (answer.ok) {
          const { over, done, message } = await answer.json();
          if (done) return document.getElementById(place.dataset.scanForm).requestSubmit();
          if (over) return location.reload();
          if (message !== words.textContent) words.textContent = message;
        }
      } catch {
        /* The network is away for a moment: the next round asks again. */
      }
      setTimeout(ask, 2000);
    };
    setTimeout(ask, 2000);
  }

  /* A second press of a button must not do a thing twice. Back from the cache, it may be pressed again. */
  function pressOnce(form) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
    addEventListener("pageshow", () => delete form.dataset.sent);
  }

  function spread(input) {
    input.addEventListener("input", () => {
      const digits = input.value.normalize("NFKC").replace(/\D/g, "").slice(0, 6);
      if (digits !== input.value) input.value = digits;
    });
  }

  function prints(button) {
    button.addEventListener("click", () => print());
    button.hidden = false;
  }

  function copies(button) {
    if (!navigator.clipboard) return;
    const lines = () => Array.from(document.getElementById(button.dataset.copy).children, (line) => line.textContent.trim());
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(lines().join("\n"));
      button.textContent = button.dataset.copied;
    });
    button.hidden = false;
  }

  /* --- The safety check: a key whose first bytes are wanted (altcha's proof of work, version 2) ---------- */

  const bytes = (hex) => Uint8Array.from(hex.match(/../g) || [], (pair) => parseInt(pair, 16));
  const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

  async function derive({ algorithm, nonce, salt, cost, keyLength }, counter) {
    const start = bytes(nonce);
    const secret = new Uint8Array(start.length + 4);
    secret.set(start);
    new DataView(secret.buffer).setUint32(start.length, counter);
    const key = await crypto.subtle.importKey("raw", secret, "PBKDF2", false, ["deriveBits"]);
    const how = { name: "PBKDF2", hash: algorithm.split("/")[1], salt: bytes(salt), iterations: cost };
    return hex(await crypto.subtle.deriveBits(how, key, keyLength * 8));
  }

  async function solve(challenge) {
    const wanted = challenge.parameters;
    const begun = performance.now();
    for (let counter = 0; counter < 2 ** 20; counter += 8) {
      const tries = Array.from({ length: 8 }, (_, step) => derive(wanted, counter + step));
      const keys = await Promise.all(tries);
      const found = keys.findIndex((key) => key.startsWith(wanted.keyPrefix));
      if (found >= 0) return { counter: counter + found, derivedKey: keys[found], time: Math.round(performance.now() - begun) };
    }
    throw new Error("no solution");
  }

  /* Enter or a press meanwhile is not lost: it counts as soon as the check is done. */
  async function check(box) {
    const state = box.querySelector(".ht-captcha__state");
    const form = box.closest("form");
    let pressed = null;
    const hold = (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      pressed = event.submitter;
    };
    form.addEventListener("submit", hold);
    state.textContent = box.dataset.working;
    try {
      const challenge = JSON.parse(box.dataset.challenge);
      const input = document.createElement("input");
      input.type = "hidden";
      input.name = box.dataset.field;
      input.value = btoa(JSON.stringify({ challenge, solution: await solve(challenge) }));
      form.append(input);
      box.classList.add("is-done");
      state.textContent = box.dataset.done;
    } catch {
      state.textContent = box.dataset.failed;
      pressed = null;
    }
    form.removeEventListener("submit", hold);
    if (pressed) form.requestSubmit(pressed);
  }

  all("[data-resend-at]").forEach(countDown);
  all(".ht-password").forEach(showPassword);
  all("[data-status-url]").forEach(followMessage);
  all("[data-scan-url]").forEach(followScan);
  all("[data-challenge]").forEach(check);
  all("form").forEach(pressOnce);
  all(".ht-code").forEach(spread);
  all("[data-print]").forEach(prints);
  all("[data-copy]").forEach(copies);
  const summary = document.getElementById("error-summary");
  if (summary) summary.focus();
  const onward = document.querySelector(".ht-frames") && document.getElementById("continue");
  if (onward) {
    const go = () => location.assign(onward.href);
    addEventListener("load", go);
    setTimeout(go, 3000);
  }
  const auto = document.querySelector("form[data-auto-submit]");
  if (auto) auto.requestSubmit();
})();
