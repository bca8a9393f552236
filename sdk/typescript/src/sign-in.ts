/** Start → open → wait → a user: the two ways to sign a person in. */
import type { City } from "./city.js";
import { CityError } from "./error.js";
import { type CallOptions, sleep } from "./http.js";
import { challenge, verifier } from "./pkce.js";
import type { OauthStart, SignInDone } from "./wire.js";

interface StartOptions extends CallOptions {
  /** The city to sign in to, where it is not the client's. */
  city_id?: string | undefined;
  /** Language of the provider's page: `en` or `cn`. */
  lang?: string | undefined;
  /** Whether a WeChat desktop client may answer in place of a scan. */
  fast_login?: boolean | undefined;
  /** Asks for a refresh token too; `City.refresh` trades it. */
  refresh?: boolean | undefined;
  /**
   * Shows the code that the person types on the Federation's page, `XXXX-XXXX`, in a city whose `confirm` is `code`. It is
   * awaited before the provider's page is opened, so that there is time to read it where that page takes this one's place.
   */
  showCode?: ((code: string) => unknown) | undefined;
}

export interface SignInOptions extends StartOptions {
  /**
   * Shows the provider's page: print the URL, draw it as a QR code, start a browser. If it returns something with
   * `close()`, that is called when the wait is over. Default in a browser: a new window, which tells the person how it
   * ended and is theirs to close.
   */
  open?: ((url: string, start: OauthStart) => unknown) | undefined;
  /** False leaves PKCE out: whoever learns the `state` may then collect the token. */
  pkce?: boolean | undefined;
  /** Seconds that one poll waits at the Federation (25). */
  wait?: number | undefined;
}

/** Where a verifier waits for the browser to come back; `sessionStorage` has this shape. */
export interface KeyStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface RedirectOptions extends StartOptions {
  /** Where the browser comes back to; must be allowed for the city. Default: this page without query and fragment. */
  return_to?: string | undefined;
  /** Goes to the provider's page. Default: `location.assign`. */
  open?: ((url: string) => unknown) | undefined;
  /** Default: `sessionStorage`. */
  storage?: KeyStore | undefined;
}

export interface CompleteOptions extends CallOptions {
  /** The address the browser came back with. Default: this page's, which is then cleaned of `state` and `code`. */
  url?: string | undefined;
  /** Default: `sessionStorage`. */
  storage?: KeyStore | undefined;
}

const SLOT = "downcity:";
const USUAL_LIFE = 600_000;
const LONGEST_LIFE = 3_600_000;

/** Milliseconds until a login ends, where two clocks agree well enough to tell. */
function life(expires_at: unknown): number {
  const at =
    typeof expires_at === "number" ? expires_at * (expires_at < 1e11 ? 1000 : 1) : Date.parse(String(expires_at));
  const left = at - Date.now();
  return left > 0 && left <= LONGEST_LIFE ? left : USUAL_LIFE;
}

/** The calls that begin a way in, with the same input and answer. */
type Beginning = "oauth/start" | "identities/link";

async function start(city: City, how: Beginning, body: { provider: string; return_to?: string }, o: StartOptions, secret?: string) {
  const pkce = secret && { code_challenge: await challenge(secret), code_challenge_method: "S256" as const };
  const { city_id = city.city_id, lang, fast_login, refresh } = o;
  const input = { ...body, city_id, lang, fast_login, refresh, ...pkce };
  return city.service("accounts").action(how).invoke(input as object as { provider: string }, o);
}

/** Has the code shown that the person will be asked for. `seen`: `open` was given it, too. */
async function showCodeOf(started: OauthStart, o: StartOptions, seen = false) {
  const code = started.user_code;
  if (!code) return;
  if (o.showCode) await o.showCode(code);
  else if (!seen) {
    throw new CityError("this city has people type a code: say with showCode how it is shown", { code: "code_not_shown" });
  }
}

/** Asks until there is an outcome. Network hiccups, 429 and 5xx are tried again until the login ends. */
async function collect(
  city: City,
  query: { state: string; code?: string; code_verifier?: string },
  { wait = 25, signal, left }: { wait?: number | undefined; signal?: AbortSignal | undefined; left: number },
): Promise<SignInDone> {
  const end = Date.now() + left;
  const expired = (about: object) =>
    new CityError("the sign-in was not finished in time", { code: "login_expired", ...about });
  for (let pause = 500; ; ) {
    const asked = Date.now();
    if (asked >= end) throw expired({});
    const seconds = Math.max(1, Math.min(wait, Math.ceil((end - asked) / 1000)));
    let rest = 0;
    try {
      const result = await city.poll({ ...query, wait: seconds }, { signal, timeout: (seconds + 10) * 1000 });
      if (result.status === "done") return result;
      if (result.status === "failed") throw new CityError(result.error, { code: result.code, status: 200, body: result });
      pause = 500;
      // An answer that comes at once did not wait, so this side must.
      if (Date.now() - asked < 1000) rest = 1000 * Math.min(Math.max(result.interval || 2, 1), 30);
    } catch (error) {
      if (!(error instanceof CityError)) throw error;
      if (error.status === 410) throw expired({ status: 410, body: error.body });
      if (!error.temporary) throw error;
      rest = error.retry_after ? error.retry_after * 1000 : pause * (0.75 + Math.random() / 2);
      pause = Math.min(pause * 2, 8000);
    }
    await sleep(Math.min(rest, Math.max(end - Date.now(), 0)), signal);
  }
}

/** See `City.signIn`. */
export async function signIn(city: City, how: Beginning, provider: string, options: SignInOptions): Promise<SignInDone> {
  const { signal, wait, pkce = true } = options;
  signal?.throwIfAborted();
  const secret = pkce ? verifier() : undefined;
  const own = options.open ? undefined : popup();
  let shown: any = own;
  try {
    const started = await start(city, how, { provider }, options, secret);
    const left = life(started.expires_at);
    await showCodeOf(started, options, Boolean(options.open));
    if (own) shown = own.go(started.url);
    else shown = await options.open!(started.url, started);
    const query = { state: started.state, ...(secret && { code_verifier: secret }) };
    return await collect(city, query, { wait, signal, left });
  } finally {
    shown?.close?.();
  }
}

/** A window has to be made before the first `await`: later the browser no longer sees the click behind it. */
function popup() {
  if (typeof window === "undefined") throw new TypeError("signIn needs options.open outside a browser");
  const shown = window.open("", "_blank", "popup,width=520,height=640");
  if (!shown) {
    throw new CityError("the browser did not allow a window: sign in on a click, or use signInRedirect", {
      code: "popup_blocked",
    });
  }
  const go = (url: string) => {
    // The provider's page gets no handle on this one, and so this one can't close it any more.
    shown.opener = null;
    shown.location.replace(url);
  };
  return { go, close: () => shown.close() };
}

/** See `City.signInRedirect`. */
export async function signInRedirect(
  city: City,
  how: Beginning,
  provider: string,
  options: RedirectOptions,
): Promise<OauthStart> {
  const { storage = sessionStorage, open = (url) => location.assign(url) } = options;
  const secret = verifier();
  const return_to = options.return_to ?? location.origin + location.pathname;
  const started = await start(city, how, { provider, return_to }, options, secret);
  await showCodeOf(started, options);
  storage.setItem(SLOT + started.state, secret);
  await open(started.url);
  return started;
}

/** See `City.completeRedirect`. */
export async function completeRedirect(city: City, options: CompleteOptions): Promise<SignInDone | null> {
  const { storage = sessionStorage, signal } = options;
  const url = new URL(options.url ?? location.href);
  const state = url.searchParams.get("state");
  const code = url.searchParams.get("code");
  const secret = state && storage.getItem(SLOT + state);
  if (!state || !(code || secret)) return null;
  // All of this before the first `await`, so that a second call finds nothing left to do.
  storage.removeItem(SLOT + state);
  if (options.url === undefined) {
    for (const name of ["state", "code", "error", "error_description"]) url.searchParams.delete(name);
    history.replaceState(history.state, "", url);
  }
  if (!secret) {
    // Somebody else's login: taking it would sign this person in to a stranger's account.
    throw new CityError("this sign-in was not started in this browser tab", { code: "login_not_started_here" });
  }
  const query = { state, code_verifier: secret, ...(code && { code }) };
  return collect(city, query, { signal, left: 30_000 });
}
