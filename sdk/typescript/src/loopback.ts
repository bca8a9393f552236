/**
 * Where a browser of this machine brings the one-time code of a sign-in: a port on a loopback address, open while the sign-in
 * lasts (RFC 8252 §7.3). For Node and what is like it; nothing of this is loaded by a page.
 */
import { CityError } from "./error.js";
import { sleep } from "./http.js";

/** A browser that came back. */
interface Visit {
  /** The one-time code; nothing where the sign-in failed. */
  brought: object;
  /** Shows the person how it ended. */
  answer(signedIn: boolean): void;
}

const PATH = "/downcity";
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

/** An open port. */
class Loopback {
  /** What the Federation is asked to send the browser to. */
  readonly return_to: string;
  readonly #server: any;
  #come: { state: string; visit: Visit }[] = [];
  #wake = () => {};

  constructor(server: any) {
    const { address, family, port } = server.address();
    // Some releases of Node told the family as a number.
    const host = family === "IPv6" || family === 6 ? `[${address}]` : address;
    this.return_to = `http://${host}:${port}${PATH}`;
    this.#server = server;
    server.on("request", (request: any, response: any) => this.#answer(request, response));
  }

  #answer(request: any, response: any) {
    const zh = /^\s*zh/i.test(request.headers["accept-language"] ?? "");
    const [path, query] = request.url.split("?", 2);
    const given = new URLSearchParams(query);
    const state = given.get("state");
    if (request.method !== "GET" || path !== PATH || !state) return page(response, 404, zh, false);
    const answer = (signedIn: boolean) => page(response, 200, zh, signedIn);
    const code = given.get("code");
    this.#come.push({ state, visit: { brought: code ? { code } : {}, answer } });
    this.#wake();
  }

  /**
   * Waits for the browser that brings the code of this login, for `left` milliseconds at most, asks for the outcome with it,
   * and tells the person how it ended.
   */
  async brought<T>(
    state: string,
    ask: (left: number, brought: object) => Promise<T>,
    left: number,
    signal?: AbortSignal,
  ): Promise<T> {
    for (const end = Date.now() + left; ; ) {
      const visit = await this.#visit(state, end - Date.now(), signal);
      if (!visit) throw new CityError("the sign-in was not finished in time", { code: "login_expired" });
      try {
        const outcome = await ask(end - Date.now(), visit.brought);
        visit.answer(true);
        return outcome;
      } catch (error) {
        visit.answer(false);
        // Whoever has not got the code is not the browser that finished.
        if (!(error instanceof CityError && /^login_code_(wrong|required)$/.test(error.code))) throw error;
      }
    }
  }

  /** The next browser that brings this `state`, if one comes in time; whoever brings another is turned away. */
  async #visit(expected: string, left: number, signal?: AbortSignal): Promise<Visit | undefined> {
    const over = new AbortController();
    const stop = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
    const end = sleep(Math.max(left, 0), stop).then(() => true);
    try {
      for (;;) {
        for (let next; (next = this.#come.shift()); ) {
          if (next.state === expected) return next.visit;
          next.visit.answer(false);
        }
        const come = new Promise<void>((resolve) => (this.#wake = resolve));
        if (await Promise.race([come, end])) return undefined;
      }
    } finally {
      over.abort();
      end.catch(() => {});
    }
  }

  /** Closes the port, after what was said has arrived. */
  async close(): Promise<void> {
    for (const { visit } of this.#come.splice(0)) visit.answer(false);
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeIdleConnections();
    // A browser that keeps an idle connection is not waited for longer.
    const over = new AbortController();
    await Promise.race([closed, sleep(2000, over.signal).catch(() => {})]);
    over.abort();
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
  if (!createServer || !(here ?? browserIsHere(process))) return undefined;
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
