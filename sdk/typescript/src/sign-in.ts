/** Start → open → wait → a user: the two ways to sign a person in. */
import type { City } from "./city.js";
import { CityError } from "./error.js";
import { type CallOptions, share, sleep } from "./http.js";
import { challenge, verifier } from "./pkce.js";
import type { OauthStart, SignInDone } from "./wire.js";

interface StartOptions extends CallOptions {
  /** The city to sign in to, where it is not the client's. */
  city_id?: string | undefined;
  /** Language of the provider's page and the Federation's: `zh` or `en`. */
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
   * Shows the provider's page: print the URL, start a browser, draw it as a QR code. A program that has a display, but whose
   * people open the page on another device, says `here: false`. If it returns something with `close()`, that is called when
   * the wait is over. Default in a browser: a new window, which tells the person how it ended and is theirs to close.
   */
  open?: ((url: string, start: OauthStart) => unknown) | undefined;
  /**
   * For programs. True: the page is opened on this machine, and the browser brings a one-time code to a port of this program
   * (RFC 8252 §7.3), without which the token is not given out. False: the page may be opened on any device; the program waits
   * at the Federation. Default: true where a browser can run on this machine (no SSH session, no remote editor, and on Linux a
   * display). Always false in a page or worker, without PKCE, and where no port can be had (it needs Node ≥ 20.16, or what is
   * like it).
   */
  here?: boolean | undefined;
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

async function start(city: City, how: Beginning, body: { provider: string; return_to?: string | undefined }, o: StartOptions, secret?: string) {
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

/**
 * Asks until there is an outcome. Network hiccups, 429 and 5xx are tried again for `left` milliseconds; the last of them
 * is then thrown as it is, unless the login itself `ends` by then.
 */
async function collect(
  city: City,
  query: { state: string; code?: string; code_verifier?: string },
  { wait = 25, signal, left, ends }: CallOptions & { wait?: number | undefined; left: number; ends: boolean },
): Promise<SignInDone> {
  const end = Date.now() + left;
  let hiccup: CityError | undefined;
  for (let pause = 500; ; ) {
    const asked = Date.now();
    if (asked >= end) {
      if (hiccup && !ends) throw hiccup;
      throw new CityError("the sign-in was not finished in time", { code: "login_expired", cause: hiccup });
    }
    const seconds = Math.max(1, Math.min(wait, Math.ceil((end - asked) / 1000)));
    let rest = 0;
    try {
      const result = await city.poll({ ...query, wait: seconds }, { signal, timeout: (seconds + 10) * 1000 });
      if (result.status === "done") return result;
      if (result.status === "failed") throw new CityError(result.error, { code: result.code, status: 200, body: result });
      pause = 500;
      hiccup = undefined;
      // An answer that comes at once did not wait, so this side must.
      if (Date.now() - asked < 1000) rest = 1000 * Math.min(Math.max(result.interval || 2, 1), 30);
    } catch (error) {
      if (!(error instanceof CityError && error.temporary)) throw error;
      hiccup = error;
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
  // Before the window: where there can be no verifier, none is opened.
  const secret = pkce ? verifier() : undefined;
  const node = typeof window === "undefined" && (globalThis as any).process?.getBuiltinModule;
  const program = node && secret && options.open && options.here !== false;
  const port = program ? await (await import("./loopback.js")).listen(options.here) : undefined;
  const own = options.open ? undefined : popup();
  let shown: any = own;
  try {
    const started = await start(city, how, { provider, return_to: port?.return_to }, options, secret);
    const left = life(started.expires_at);
    await showCodeOf(started, options, Boolean(options.open));
    const query = { state: started.state, ...(secret && { code_verifier: secret }) };
    const ask = (left: number, brought?: object, stop = signal) =>
      collect(city, { ...query, ...brought }, { wait, signal: stop, left, ends: true });
    const open = () => options.open!(started.url, started);
    if (port) return await port.run(started.state, left, ask, open, signal);
    shown = own ? own.go(started.url) : await open();
    return await ask(left);
  } finally {
    // Whatever was opened may be gone by now, which changes no outcome.
    Promise.resolve(shown).then((page) => page?.close?.()).catch(() => {});
    await port?.close();
  }
}

/**
 * A window has to be made before the first `await`: later the browser no longer sees the click behind it. Nothing here asks
 * whether it is `closed`: the Federation's pages, and some providers', have the Cross-Origin-Opener-Policy `same-origin`,
 * and once the window has been at one, `closed` is true while the person still reads there.
 */
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

/** What a page does with the logins that came back to it: those under way, by `state`, and those that are over. */
const returning = new Map<string, Promise<SignInDone>>();
const over = new Set<string>();

/** The form of the Federation's `state`: a date and a secret. Any other came to this page from another OAuth server. */
const OURS = /^[\w-]{51}$/;

/** Takes a login out of the address bar, if it is still there. */
function tidy(state: string) {
  const url = new URL(location.href);
  if (url.searchParams.get("state") !== state) return;
  for (const name of ["state", "code", "error", "error_description"]) url.searchParams.delete(name);
  history.replaceState(history.state, "", url);
}

/** See `City.completeRedirect`. */
export async function completeRedirect(city: City, options: CompleteOptions): Promise<SignInDone | null> {
  const address = options.url ?? globalThis.location?.href;
  const storage = options.storage ?? globalThis.sessionStorage;
  // Where a page is made on a server there is neither: nobody comes back to it.
  if (!address || !storage) return null;
  const { searchParams } = new URL(address);
  const state = searchParams.get("state");
  const code = searchParams.get("code");
  if (!state) return null;
  const clean = () => options.url === undefined && tidy(state);
  const secret = storage.getItem(SLOT + state);
  if (!secret && !returning.has(state) && !(code && OURS.test(state) && !over.has(state))) return null;

  // The verifier and the address stay until there is an outcome, so that a reload can ask again, and no longer.
  const settle = () => (storage.removeItem(SLOT + state), over.add(state));
  const begin = async () => {
    try {
      if (!secret) {
        // Somebody else's login: taking it would sign this person in to a stranger's account.
        throw new CityError("this sign-in was not started in this browser tab", { code: "login_not_started_here" });
      }
      const query = { state, code_verifier: secret, ...(code && { code }) };
      const done = await collect(city, query, { left: 30_000, ends: false });
      settle();
      return done;
    } catch (error) {
      // What is not the Federation's word on this login, such as the page of a hotel's network, is no outcome.
      if (error instanceof CityError && !error.temporary && !/^(http_|invalid_answer)/.test(error.code)) settle();
      throw error;
    }
  };
  try {
    return await share(returning, state, begin, options.signal);
  } finally {
    if (over.has(state) && !returning.has(state)) clean();
  }
}
