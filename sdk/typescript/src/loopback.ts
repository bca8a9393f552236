/**
 * Where a browser of this machine brings the one-time code of a sign-in: a port on a loopback address, open while the sign-in
 * lasts (RFC 8252 §7.3). For Node and what is like it; nothing of this is loaded by a page.
 */
import { CityError } from "./error.js";
import { sleep } from "./http.js";

/** Tells a browser how it ended. */
type Answer = (signedIn: boolean) => void;
/** Asks for the outcome with what the browser brought. */
type Ask<T> = (left: number, brought: { code?: string }, signal: AbortSignal) => Promise<T>;

const PATH = "/downcity";
/** Milliseconds that the Federation keeps a token for whoever brings its code. */
const COLLECTED_WITHIN = 60_000;
/** And that a browser may take from there to here, or an answer to arrive. */
const ON_ITS_WAY = 5000;
const REMOTE = ["SSH_CONNECTION", "SSH_TTY", "CODESPACES", "REMOTE_CONTAINERS"];
const TEXTS = {
  en: {
    true: ["You are signed in", "You can close this window and go back to the program."],
    false: ["You are not signed in", "The program says why. You can close this window."],
  },
  zh: {
    true: ["登录成功", "可以关闭此窗口，回到程序中继续。"],
    false: ["未能登录", "原因见程序中的提示。可以关闭此窗口。"],
  },
};

/**
 * Whether a browser that this program opens would run on this machine: not at the other end of an SSH session or of a remote
 * editor, and on Linux and the BSDs only where there is a display.
 */
function browserIsHere({ env, platform }: any): boolean {
  const display = platform === "win32" || platform === "darwin" || env.DISPLAY || env.WAYLAND_DISPLAY;
  return !!display && !REMOTE.some((name) => env[name]);
}

function page(response: any, status: number, zh: boolean, signedIn: boolean) {
  const [title, text] = TEXTS[zh ? "zh" : "en"][`${signedIn}`];
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    connection: "close",
  });
  response.end(
    `<!doctype html><html lang="${zh ? "zh-CN" : "en"}"><meta charset="utf-8">` +
      `<meta name="viewport" content="width=device-width"><title>${title}</title>` +
      "<style>:root{color-scheme:light dark;font:16px/1.6 system-ui,sans-serif}" +
      "body{display:grid;place-content:center;min-height:90vh;margin:0 1.5rem;text-align:center}" +
      "h1{font-size:1.5rem;margin:0}p{margin:.5rem 0 0;opacity:.75}</style>" +
      `<main><h1>${title}</h1><p>${text}</p></main></html>`,
  );
}

/** It was asked for without the code, or with another than that of the browser that finished. */
const lacksCode = (error: unknown) => error instanceof CityError && /^login_code_(wrong|required)$/.test(error.code);

/** An open port. */
class Loopback {
  /** What the Federation is asked to send the browser to. */
  readonly return_to: string;
  readonly #server: any;
  readonly #closed = new AbortController();
  /** Answers that have not arrived. */
  readonly #open = new Set<unknown>();
  #quiet = () => {};
  #take = (_: URLSearchParams, answer: Answer) => answer(false);

  constructor(server: any) {
    const { address, family, port } = server.address();
    // Some releases of Node told the family as a number.
    const host = family === "IPv6" || family === 6 ? `[${address}]` : address;
    this.return_to = `http://${host}:${port}${PATH}`;
    this.#server = server;
    // A connection that can't be taken is nobody.
    server.on("error", () => {});
    server.on("request", (request: any, response: any) => this.#answer(request, response));
  }

  #answer(request: any, response: any) {
    this.#open.add(response);
    response.on("close", () => this.#open.delete(response) && !this.#open.size && this.#quiet());
    const zh = /^\s*zh/i.test(request.headers["accept-language"] ?? "");
    const [path, query] = request.url.split("?", 2);
    const given = new URLSearchParams(query);
    if (request.method !== "GET" || path !== PATH || !given.has("state")) return page(response, 404, zh, false);
    this.#take(given, (signedIn) => page(response, 200, zh, signedIn));
  }

  /**
   * Opens the page, waits for the browser that brings the code of this login, asks for the outcome with it, and tells the
   * person how it ended. Ends without a browser, too, when the login failed or ran out; and where one has finished it that
   * does not come, as on another device, when its token is handed out no more. `open` may itself wait for the page.
   */
  async run<T extends object>(state: string, left: number, ask: Ask<T>, open: () => unknown, signal?: AbortSignal): Promise<T> {
    const end = Date.now() + left;
    const stop = AbortSignal.any([this.#closed.signal, ...(signal ? [signal] : [])]);
    const asked = (brought: object) => ask(end - Date.now(), brought, stop);
    const shown = (async () => open())();
    let came = () => {};
    const browser = new Promise<void>((resolve) => (came = resolve));
    // Somebody may press twice, or load the page anew: they are told the same.
    let done = false;
    const outcome = new Promise<T>((resolve, reject) => {
      this.#take = async (given, answer) => {
        const ours = given.get("state") === state;
        if (done || !ours) return answer(done && ours);
        const code = given.get("code");
        try {
          const outcome = await asked(code ? { code } : {});
          done = true;
          resolve(outcome);
        } catch (error) {
          // Else it was not the browser that finished.
          if (!lacksCode(error)) reject(error);
        }
        answer(done);
        came();
      };
      const without = async (error: unknown) => {
        if (!lacksCode(error)) {
          // Where there is a browser, it is on its way with the same.
          if (Date.now() < end) await Promise.race([browser, sleep(ON_ITS_WAY, stop)]);
          return reject(error);
        }
        await sleep(COLLECTED_WITHIN, stop);
        reject(new CityError("the browser that finished did not come back to this program", { code: "login_expired" }));
      };
      asked({}).catch(without).catch(reject);
    });
    try {
      return await Promise.race([outcome, shown.then(() => outcome)]);
    } finally {
      shown.then((page: any) => page?.close?.()).catch(() => {});
    }
  }

  /** Closes the port, after what was said has arrived. */
  async close(): Promise<void> {
    this.#closed.abort();
    const quiet = new Promise<void>((resolve) => (this.#quiet = resolve));
    const late = new AbortController();
    // A browser that keeps a connection and has said nothing is not waited for.
    if (this.#open.size) await Promise.race([quiet, sleep(ON_ITS_WAY, late.signal).catch(() => {})]);
    late.abort();
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/**
 * Opens a port that only this machine can reach, if `here`, or if nothing is said and a browser can run on this machine.
 * Undefined where not, and where none can be had.
 */
export async function listen(here?: boolean): Promise<Loopback | undefined> {
  const { process } = globalThis as any;
  const { createServer } = process?.getBuiltinModule?.("node:http") ?? {};
  try {
    if (!createServer || !(here ?? browserIsHere(process))) return undefined;
  } catch {
    // A runtime that lets nobody look at its environment unasked.
    return undefined;
  }
  for (const host of ["127.0.0.1", "::1"]) {
    const server = createServer();
    server.maxConnections = 32;
    const listens = await new Promise((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(0, host, () => resolve(true));
    });
    if (listens) return new Loopback(server);
  }
  return undefined;
}
