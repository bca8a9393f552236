/** A small Federation that follows the wire contract as far as a client can see, and tells what it was asked. */
import { createHash } from "node:crypto";
import { createServer } from "node:http";

export const TOKEN = "ub_header.claims.signature";
export const KEY = "adm_key";

// As with a real Federation, no state is ever used twice: a page remembers those that are over.
let states = 0;

const s256 = (verifier) => createHash("sha256").update(verifier).digest("base64url");

/**
 * `behaviour.results` is a list of answers of `oauth/result` (objects, or functions of the response), taken one after
 * another before the login's own state counts; `behaviour.expires_at` is the end of logins, `behaviour.start` more of the
 * answer of `oauth/start`; `behaviour.routes` adds
 * calls by path. `finish(state)` and `fail(state, code)` play the person.
 */
export async function federation(t, behaviour = {}) {
  const calls = [];
  const logins = new Map();
  const results = [...(behaviour.results ?? [])];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => (text += chunk));
    request.on("end", () => {
      const url = new URL(request.url, "http://x");
      const call = {
        method: request.method,
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: request.headers,
        body: text ? JSON.parse(text) : undefined,
      };
      calls.push(call);
      answer(call, response);
    });
  });

  const send = (response, status, body, headers = {}) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
  const refuse = (response, status, code, headers) =>
    send(response, status, { error: `No: ${code}.`, code, request_id: "req_1" }, headers);

  const routes = {
    "GET /v1/accounts/providers": (_, response) =>
      send(response, 200, { items: [{ id: "wechat", type: "oauth", enabled: true, label: "WeChat" }] }),
    "POST /v1/accounts/oauth/start": ({ body }, response) => {
      if (body.city_id === "city_paused") return refuse(response, 403, "city_paused");
      const state = `st_${states++}`;
      const code = body.return_to && `code_${logins.size}`;
      logins.set(state, { ...body, state, code, waiting: [] });
      const expires_at = behaviour.expires_at ?? Date.now() + 300_000;
      send(response, 200, { url: `https://open.test/qr?state=${state}`, state, provider: body.provider, expires_at, interval: 1, ...behaviour.start });
    },
    "GET /v1/accounts/oauth/result": ({ query }, response) => {
      const next = results.shift();
      if (typeof next === "function") return next(response);
      if (next) return send(response, 200, next);
      const login = logins.get(query.state);
      if (!login) return refuse(response, 404, "login_not_found");
      if (login.code_challenge && s256(query.code_verifier ?? "") !== login.code_challenge) {
        return refuse(response, 403, "verifier_mismatch");
      }
      if (login.code && query.code !== login.code && login.outcome?.status === "done") {
        return refuse(response, 403, query.code ? "login_code_wrong" : "login_code_required");
      }
      const tell = () => !response.destroyed && send(response, 200, login.outcome ?? { status: "pending", interval: 1 });
      if (login.outcome || !query.wait) return tell();
      const timer = setTimeout(tell, query.wait * 1000);
      login.waiting.push(() => (clearTimeout(timer), tell()));
      response.on("close", () => clearTimeout(timer));
    },
    "GET /v1/accounts/me": ({ headers }, response) =>
      headers.authorization === `Bearer ${TOKEN}`
        ? send(response, 200, { user: { user_id: "u1" }, profile: { user_id: "u1", display_name: "Alice", email: null } })
        : refuse(response, 401, "token_invalid"),
    "POST /v1/accounts/logout": (_, response) => send(response, 200, { success: true }),
    ...behaviour.routes,
  };
  const answer = (call, response) => {
    const route = routes[`${call.method} ${call.path}`];
    if (route) route(call, response, { send, refuse });
    else if (call.path.startsWith("/v1/echo/") || call.headers.authorization === `Bearer ${KEY}`) send(response, 200, call);
    else refuse(response, 404, "not_found");
  };

  const end = (state, outcome) => {
    const login = logins.get(state);
    login.outcome = outcome;
    login.waiting.splice(0).forEach((wake) => wake());
  };
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => (server.closeAllConnections(), server.close()));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    calls,
    logins,
    polls: () => calls.filter((call) => call.path.endsWith("/oauth/result")),
    finish: (state) =>
      end(state, {
        status: "done",
        user_token: TOKEN,
        user_id: "u1",
        city_id: logins.get(state).city_id ?? "city_downcity",
        provider: "wechat",
        expires_at: 1_790_000_000_000,
      }),
    fail: (state, code) => end(state, { status: "failed", error: "You said no.", code }),
  };
}
