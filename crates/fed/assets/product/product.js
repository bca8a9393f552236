// A product's front end: asks which providers there are, starts a sign-in, waits for its outcome, shows the user.
import { lang, t } from "./texts.js";

const SLOT = "paper-boat-token";
// Seconds until "try again" is offered; no callback ever comes from somebody who refused on the phone.
const PATIENCE = 1000 * (Number(new URLSearchParams(location.search).get("patience")) || 45);

const config = await (await fetch("/config.json")).json();
const view = document.getElementById("view");
const status = document.getElementById("status");
document.documentElement.lang = lang;
document.title = document.getElementById("product").textContent = t.product;
document.getElementById("about").textContent = t.about;

/** What went wrong in a call: `code` for the program, the message for a person. */
class Failure extends Error {
  constructor(message, about) {
    super(message);
    Object.assign(this, about);
  }
}

async function call(action, { query, body, token, signal, seconds = 15 } = {}) {
  const url = new URL(`/v1/accounts/${action}`, config.federation_url);
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
  const headers = { Accept: "application/json", "Accept-Language": lang };
  if (body) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  const limit = AbortSignal.timeout(seconds * 1000);
  const request = {
    method: body ? "POST" : "GET",
    headers,
    body: body && JSON.stringify(body),
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
  };
  let answer, content;
  try {
    answer = await fetch(url, request);
    content = await answer.json();
  } catch {
    signal?.throwIfAborted();
    throw new Failure(t.offline, { code: "network_error", temporary: true });
  }
  if (answer.ok) return content;
  const temporary = answer.status === 429 || answer.status >= 500;
  throw new Failure(content.error, { code: content.code, status: answer.status, temporary });
}

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** PKCE (RFC 7636): only who started the sign-in can collect its token. */
async function pkce() {
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return { verifier, challenge: base64url(new Uint8Array(hash)) };
}

const pause = (ms) => new Promise((go) => setTimeout(go, ms));

/** Milliseconds that are left; ten minutes, the usual life, where this clock and the server's plainly disagree. */
function life(expires_at) {
  const left = Date.parse(expires_at) - Date.now();
  return left > 0 && left <= 3_600_000 ? left : 600_000;
}

/** Asks until there is an outcome; each question waits at the server. */
async function outcome(start, verifier, signal) {
  const end = Date.now() + life(start.expires_at);
  const query = { state: start.state, code_verifier: verifier, wait: 25 };
  while (Date.now() < end) {
    const asked = Date.now();
    try {
      const result = await call("oauth/result", { query, signal, seconds: 35 });
      if (result.status === "done") return result;
      if (result.status === "failed") throw new Failure(result.error, { code: result.code });
      if (Date.now() - asked < 1000) await pause(1000 * (result.interval || 2));
    } catch (error) {
      if (error.status === 410) throw new Failure(t.expired, { code: "login_expired" });
      if (!error.temporary) throw error;
      await pause(2000);
    }
    signal.throwIfAborted();
  }
  throw new Failure(t.expired, { code: "login_expired" });
}

async function signIn(provider) {
  // A window has to be made while the browser still sees the click behind it.
  const shown = window.open("", "_blank");
  const stop = new AbortController();
  const waiting = showWaiting(provider, stop);
  try {
    const { verifier, challenge } = await pkce();
    const body = { provider, city_id: config.city_id, lang, code_challenge: challenge, code_challenge_method: "S256" };
    const start = await call("oauth/start", { body, signal: stop.signal });
    // The provider's page gets no handle on this one.
    if (shown) shown.opener = null;
    if (shown) shown.location.replace(start.url);
    waiting.started(start, shown);
    const done = await outcome(start, verifier, stop.signal);
    sessionStorage.setItem(SLOT, done.user_token);
    await showUser(done.user_token);
  } catch (error) {
    if (stop.signal.aborted) return;
    showFailure(provider, error);
  } finally {
    waiting.over();
    // Once it is at the provider it is the person's to close.
    if (!waiting.sent()) shown?.close();
  }
}

/** An element with properties and children; texts become text, never markup. */
function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

/** Puts a view in place and the reader's focus on its heading. */
function show(name, title, ...children) {
  const heading = make("h1", { tabIndex: -1, textContent: title });
  view.dataset.view = name;
  view.replaceChildren(heading, ...children);
  status.textContent = title;
  heading.focus({ preventScroll: true });
}

async function showSignIn(note) {
  const said = make("p", { id: "note", textContent: note ?? "", hidden: !note });
  const list = make("div", { id: "providers" }, make("p", { textContent: t.loading }));
  show("sign-in", t.welcome, said, list);
  try {
    const { items } = await call("providers");
    const usable = items.filter((item) => item.enabled && item.type === "oauth");
    const buttons = usable.map((item) => {
      const button = make("button", { type: "button", textContent: t.with(item.label) });
      button.dataset.provider = item.id;
      const mark = document.getElementById(`mark-${item.id}`);
      if (mark) button.prepend(mark.content.cloneNode(true));
      button.addEventListener("click", () => signIn(item.id));
      return button;
    });
    list.replaceChildren(...(buttons.length ? buttons : [make("p", { textContent: t.none })]));
  } catch (error) {
    const again = make("button", { id: "again", type: "button", textContent: t.again });
    again.addEventListener("click", () => showSignIn());
    list.replaceChildren(make("p", { className: "bad", textContent: error.message }), again);
  }
}

function showWaiting(provider, stop) {
  const how = make("p", { id: "how", textContent: t.waitingHow });
  const code = make("p", { id: "code", hidden: true });
  const link = make("a", { id: "open", target: "_blank", rel: "noreferrer", textContent: t.open, hidden: true });
  const again = make("button", { id: "again", type: "button", textContent: t.again, hidden: true });
  const cancel = make("button", { id: "cancel", type: "button", className: "quiet", textContent: t.cancel });
  const spinner = make("div", { className: "spinner", ariaHidden: "true" });
  const tell = (text) => {
    spinner.remove();
    how.textContent = status.textContent = text;
    again.hidden = false;
  };
  cancel.addEventListener("click", () => (stop.abort(), showSignIn(t.cancelled)));
  again.addEventListener("click", () => (stop.abort(), signIn(provider)));
  show("waiting", t.waiting, spinner, how, code, link, again, cancel);
  const slow = setTimeout(() => tell(t.slow), PATIENCE);
  let watch, sent = false;
  return {
    started({ url, user_code }, shown) {
      sent = true;
      link.href = url;
      link.hidden = false;
      if (user_code) code.replaceChildren(`${t.code} `, make("strong", { textContent: user_code }));
      code.hidden = !user_code;
      if (!shown) how.textContent = t.blocked;
      watch = shown && setInterval(() => shown.closed && (clearInterval(watch), tell(t.closed)), 1000);
    },
    sent: () => sent,
    over: () => (clearTimeout(slow), clearInterval(watch)),
  };
}

function showFailure(provider, error) {
  const why = make("p", { id: "failure", className: "bad", textContent: error.message });
  if (error.code) why.dataset.code = error.code;
  const again = make("button", { id: "again", type: "button", textContent: t.again });
  const back = make("button", { id: "cancel", type: "button", className: "quiet", textContent: t.cancel });
  again.addEventListener("click", () => signIn(provider));
  back.addEventListener("click", () => showSignIn());
  show("failure", t.failed, why, again, back);
}

/** The claims of a token: `ub_` and a JWT, whose middle part is JSON in base64url. */
function claims(token) {
  const middle = token.slice("ub_".length).split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(middle), (c) => c.charCodeAt(0))));
}

async function showUser(token) {
  let me;
  try {
    me = await call("me", { token });
  } catch (error) {
    if (error.status !== 401) throw error;
    sessionStorage.removeItem(SLOT);
    return showSignIn(t.ended);
  }
  const name = me.profile.display_name || t.nameless;
  const face = make("div", { id: "face", ariaHidden: "true", textContent: [...name][0] });
  if (me.profile.avatar_url) {
    const avatar = make("img", { id: "avatar", alt: "", referrerPolicy: "no-referrer" });
    // People change their avatars, and then the old address is gone: the letter below stays.
    avatar.addEventListener("error", () => avatar.remove());
    // The Federation lifts avatars to https; the simulated WeChat on this machine has none.
    avatar.src = me.profile.avatar_url.replace(/^https:\/\/127\.0\.0\.1:/, "http://127.0.0.1:");
    face.append(avatar);
  }
  const rows = Object.entries(claims(token)).map(([key, value]) =>
    make("tr", {}, make("th", { scope: "row", textContent: key }), make("td", { textContent: said(key, value) })),
  );
  const table = make("table", { id: "claims" }, make("caption", { textContent: t.claims }), make("tbody", {}, ...rows));
  const out = make("button", { id: "logout", type: "button", textContent: t.out });
  out.addEventListener("click", () => logOut(token));
  show("user", t.hello(name), face, make("p", { id: "user", textContent: t.signedIn }), table, out);
}

function said(key, value) {
  if (["iat", "exp", "nbf"].includes(key)) return `${value} (${new Date(value * 1000).toLocaleString(lang)})`;
  return typeof value === "string" ? value : JSON.stringify(value);
}

async function logOut(token) {
  try {
    await call("logout", { token, body: {} });
  } catch (error) {
    // A token that is refused is as good as logged out; anything else is not.
    if (error.status !== 401) return void (status.textContent = document.getElementById("user").textContent = error.message);
  }
  sessionStorage.removeItem(SLOT);
  showSignIn(t.signedOut);
}

const kept = sessionStorage.getItem(SLOT);
await (kept ? showUser(kept).catch((error) => showSignIn(error.message)) : showSignIn());
