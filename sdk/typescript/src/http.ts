/** The one place where requests are sent and answers read. */
import { CityError } from "./error.js";

export interface CallOptions {
  /** Aborts the call, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Where calls go, and as whom. */
export interface Target {
  base: string;
  bearer: string | undefined;
  fetch: typeof fetch | undefined;
}

const TIMEOUT = 15_000;
/**
 * The calls that begin a sign-in. Only these send and keep cookies: the login cookie then proves the browser, where the
 * product is on the same site as the Federation.
 */
const WITH_COOKIE = /^accounts\/((oauth|login|email)\/start|identities\/link)$/;

/** The address of a Federation without trailing slashes, or a TypeError. */
export function baseUrl(address: string | undefined): string {
  if (!address) throw new TypeError("city_url is required");
  const url = new URL(address);
  if (!/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new TypeError("city_url must be an http(s) address without credentials");
  }
  return (url.origin + url.pathname).replace(/\/+$/, "");
}

/** `{base}/v1/{path}`, each segment escaped; none can climb out. */
function endpoint(base: string, path: string): URL {
  const segments = path.split("/");
  if (segments.some((segment) => /^\.{0,2}$/.test(segment))) throw new TypeError(`"${path}" is not the name of a call`);
  return new URL(`${base}/v1/${segments.map(encodeURIComponent).join("/")}`);
}

/** Makes one call. Redirects are not followed: the bearer is for this Federation alone. */
export async function call(
  to: Target,
  method: "GET" | "POST",
  path: string,
  input: object | undefined,
  // A call that asks the Federation to wait may take so much longer.
  { signal, timeout = TIMEOUT + 1000 * (Number((input as { wait?: unknown } | undefined)?.wait) || 0) }: CallOptions & { timeout?: number } = {},
): Promise<any> {
  const url = endpoint(to.base, path);
  const headers: Record<string, string> = { accept: "application/json" };
  if (to.bearer) headers["authorization"] = `Bearer ${to.bearer}`;
  const init: RequestInit = { method, headers, redirect: "manual" };
  // Some runtimes without cookies throw at the mere word.
  if (WITH_COOKIE.test(path) && "credentials" in (globalThis.Request?.prototype ?? {})) init.credentials = "include";
  if (method === "POST") {
    headers["content-type"] = "application/json";
    init.body = JSON.stringify(input);
  } else {
    for (const [name, value] of Object.entries(input ?? {})) {
      if (value != null) url.searchParams.append(name, String(value));
    }
  }

  signal?.throwIfAborted();
  // By hand, because AbortSignal.any is younger than browsers still in use.
  const stop = new AbortController();
  const abort = () => stop.abort();
  let late = false;
  const timer = setTimeout(() => ((late = true), abort()), timeout);
  signal?.addEventListener("abort", abort);
  try {
    const response = await (to.fetch ?? fetch)(url, { ...init, signal: stop.signal });
    return read(response, await response.text());
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof CityError) throw cause;
    throw late
      ? new CityError("the Federation did not answer in time", { code: "timeout" })
      : new CityError("the Federation could not be reached", { code: "network_error", cause });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

function read(response: Response, text: string): any {
  const { status, headers } = response;
  let body: any = text;
  let json = false;
  try {
    body = JSON.parse(text);
    json = true;
  } catch {
    // What is not JSON stays text: a proxy's page, or an answer meant to be read.
  }
  if (!response.ok) {
    throw new CityError(typeof body?.error === "string" ? body.error : `the server answered with status ${status}`, {
      code: typeof body?.code === "string" ? body.code : `http_${status}`,
      status,
      body,
      retry_after: parseInt(headers.get("retry-after") ?? "") || undefined,
    });
  }
  if (!json && !headers.get("content-type")?.startsWith("text/plain")) {
    throw new CityError("the Federation's answer could not be understood", { code: "invalid_answer", status, body });
  }
  return body;
}

/** Resolves after `ms`, or rejects with the signal's reason. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => (clearTimeout(timer), reject(signal!.reason));
    const timer = setTimeout(() => (signal?.removeEventListener("abort", abort), resolve()), ms);
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}

/**
 * One piece of work for all who ask for it while it is under way. A signal ends only its own caller's wait. What was
 * achieved while nobody waited is kept for the next who asks, since it can't be had twice; a failure is not.
 */
export async function share<T>(
  running: Map<string, Promise<T>>,
  key: string,
  begin: () => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  signal?.throwIfAborted();
  let work = running.get(key);
  const forget = () => running.get(key) === work && running.delete(key);
  if (!work) {
    running.set(key, (work = begin()));
    work.catch(forget);
  }
  let abort!: () => void;
  const left = new Promise<never>((_, reject) => (abort = () => reject(signal!.reason)));
  signal?.addEventListener("abort", abort);
  try {
    const outcome = await Promise.race([work, left]);
    forget();
    return outcome;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}
