/** Single calls: what is sent, what comes back, what is thrown. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { inspect } from "node:util";
import { test } from "node:test";
import { City, CityError } from "@downcity/city";
import { call } from "../dist/http.js";
import { challenge, verifier } from "../dist/pkce.js";
import { KEY, TOKEN, federation } from "./support/server.js";

const failure = (code, status) => (error) => {
  assert.ok(error instanceof CityError && error instanceof Error, inspect(error));
  assert.equal(error.code, code);
  if (status !== undefined) assert.equal(error.status, status);
  return true;
};

test("the snippets of the specification, as they stand", async (t) => {
  const fed = await federation(t);
  const real = globalThis.fetch;
  t.after(() => (globalThis.fetch = real));
  // The snippets name base.example.com; only the way there is bent.
  globalThis.fetch = (url, init) => real(String(url).replace("https://base.example.com", fed.url), init);
  const guest = new City({ role: "guest", city_url: "https://base.example.com" });

  const providers = await guest.service("accounts").get("providers");
  assert.deepEqual(providers.items, [{ id: "wechat", type: "oauth", enabled: true, label: "WeChat" }]);

  const start = await guest.service("accounts").action("oauth/start").invoke({
    provider: "wechat",
    city_id: "city_demo",
  });
  assert.ok(start.url && start.state);
  fed.finish(start.state);

  const result = await guest.service("accounts").get("oauth/result", {
    state: start.state,
  });
  assert.equal(result.status, "done");

  const user = new City({
    role: "user",
    city_url: "https://base.example.com",
    city_id: "city_demo",
    user_token: result.user_token,
  });
  assert.equal((await user.me()).profile.display_name, "Alice");
  await user.logout();
  assert.deepEqual(fed.calls.at(-1).body, { city_id: "city_demo" });
});

test("URLs: base path, slashes, escaping, query", async (t) => {
  const fed = await federation(t);
  const city = new City({ federation_url: `${fed.url}/`, city_id: "c" });
  assert.equal(city.city_url, fed.url);
  const seen = await city.service("echo").get("a/b c?d#e", { state: "x y&z", n: 0, no: false, gone: undefined, nil: null });
  assert.equal(seen.path, "/v1/echo/a/b%20c%3Fd%23e");
  assert.deepEqual(seen.query, { state: "x y&z", n: "0", no: "false" });
  assert.equal(seen.body, undefined);
  assert.equal(new City({ city_url: "https://x.test/base//" }).city_url, "https://x.test/base");
  for (const action of ["../env/list", "..", "a//b", ""]) {
    await assert.rejects(city.service("echo").get(action), TypeError);
  }
});

test("unusable options are refused before any call", () => {
  for (const city_url of [undefined, "", "base.example.com", "ftp://x.test", "https://a:b@x.test"]) {
    assert.throws(() => new City({ city_url }), TypeError);
  }
  assert.throws(() => new City({ role: "user", city_url: "https://x.test", user_token: undefined }), /user_token/);
  assert.throws(() => new City({ role: "admin", city_url: "https://x.test" }), /admin_secret_key/);
});

test("providers are those of the client's city, or of the one that is named", async (t) => {
  const fed = await federation(t);
  const asked = async (city_id, query) => {
    await new City({ city_url: fed.url, city_id }).service("accounts").get("providers", query);
    return fed.calls.at(-1).query;
  };
  assert.deepEqual(await asked("city_a"), { city_id: "city_a" });
  assert.deepEqual(await asked("city_a", { city_id: "city_b" }), { city_id: "city_b" });
  assert.deepEqual(await asked("city_a", { city_id: undefined }), { city_id: "city_a" });
  assert.deepEqual(await asked(undefined), {});
});

test("city_id is added to a POST body that names none, and to no other query", async (t) => {
  const fed = await federation(t);
  const city = new City({ city_url: fed.url, city_id: "city_a" });
  const post = (body) => city.service("echo").action("x").invoke(body);
  const given = { n: 1 };
  assert.deepEqual((await post(given)).body, { n: 1, city_id: "city_a" });
  assert.deepEqual(given, { n: 1 }, "the caller's object stays as it was");
  assert.deepEqual((await post()).body, { city_id: "city_a" });
  assert.deepEqual((await post({ city_id: "city_b" })).body, { city_id: "city_b" });
  assert.deepEqual((await city.service("echo").get("x")).query, {});
  const plain = new City({ city_url: fed.url });
  assert.deepEqual((await plain.service("echo").action("x").invoke()).body, {});
});

test("each role sends its own bearer and shows none", async (t) => {
  const fed = await federation(t);
  const keys = { city_url: fed.url, user_token: TOKEN, admin_secret_key: KEY };
  const bearer = async (city) => (await city.service("echo").get("x")).headers.authorization;
  assert.equal(await bearer(new City({ ...keys, role: "guest" })), undefined);
  assert.equal(await bearer(new City({ ...keys, role: "user" })), `Bearer ${TOKEN}`);
  assert.equal(await bearer(new City({ ...keys, role: "admin" })), `Bearer ${KEY}`);
  assert.equal(new City({ city_url: fed.url, user_token: TOKEN }).role, "user");
  assert.equal(new City({ city_url: fed.url, user_token: TOKEN }).user_token, TOKEN);
  assert.equal(new City({ ...keys, role: "admin" }).user_token, undefined);
  for (const role of ["user", "admin"]) {
    const city = new City({ ...keys, role });
    const shown = inspect(city, { depth: 9, showHidden: true }) + JSON.stringify(city);
    assert.ok(!shown.includes(TOKEN) && !shown.includes(KEY));
  }
});

test("errors carry status, body, code and request_id", async (t) => {
  const fed = await federation(t, {
    routes: {
      "GET /v1/echo/limited": (_, response, { refuse }) => refuse(response, 429, "rate_limited", { "retry-after": "7" }),
      "GET /v1/echo/proxy": (_, response) => response.writeHead(502, { "content-type": "text/html" }).end("<h1>no</h1>"),
      "GET /v1/echo/html": (_, response) => response.writeHead(200, { "content-type": "text/html" }).end("<h1>hi</h1>"),
      "GET /v1/echo/text": (_, response) => response.writeHead(200, { "content-type": "text/plain" }).end("# hi"),
      "GET /v1/echo/away": (_, response) => response.writeHead(302, { location: "/v1/echo/x" }).end(),
    },
  });
  const echo = new City({ city_url: fed.url }).service("echo");
  await assert.rejects(new City({ city_url: fed.url, user_token: "ub_bad" }).me(), (error) => {
    failure("token_invalid", 401)(error);
    assert.equal(error.message, "No: token_invalid.");
    assert.equal(error.request_id, "req_1");
    assert.deepEqual(error.body, { error: "No: token_invalid.", code: "token_invalid", request_id: "req_1" });
    assert.equal(error.name, "CityError");
    return true;
  });
  await assert.rejects(echo.get("limited"), (error) => failure("rate_limited", 429)(error) && error.retry_after === 7);
  await assert.rejects(echo.get("proxy"), (error) => failure("http_502", 502)(error) && error.body === "<h1>no</h1>");
  await assert.rejects(echo.get("html"), failure("invalid_answer", 200));
  assert.equal(await echo.get("text"), "# hi");
  await assert.rejects(echo.get("away"), CityError);
  assert.ok(!fed.calls.some((seen) => seen.path === "/v1/echo/x"), "redirects are not followed");
});

test("no connection, no answer and an abort are told apart", async () => {
  const server = createServer(() => {});
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${server.address().port}`;
  const city = new City({ city_url: base });
  const stop = new AbortController();
  const waiting = city.service("accounts").get("providers", {}, { signal: stop.signal });
  const reason = new Error("enough");
  setTimeout(() => stop.abort(reason), 50);
  await assert.rejects(waiting, (error) => error === reason);
  await assert.rejects(city.me({ signal: stop.signal }), (error) => error === reason, "already aborted");
  await assert.rejects(city.service("x").action("y").invoke({}, { signal: AbortSignal.timeout(30) }), { name: "TimeoutError" });
  const target = { base, bearer: undefined, fetch: undefined };
  await assert.rejects(call(target, "GET", "x/y", {}, { timeout: 50 }), failure("timeout", 0));
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(city.me(), failure("network_error", 0));
  await assert.rejects(city.me(), (error) => error.cause instanceof Error, "the cause is kept");
});

test("a call that asks the Federation to wait may take so much longer", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const never = (_, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const guest = new City({ city_url: "https://fed.example.com", fetch: never });
  const ended = async (query) => {
    let end;
    const call = guest.service("accounts").get("login/result", query).catch((error) => (end = error));
    await new Promise(setImmediate);
    for (const [seconds, over] of [[14, false], [2, !query.wait], [24, true]]) {
      t.mock.timers.tick(seconds * 1000);
      await new Promise(setImmediate);
      assert.equal(!!end, over, `after ${seconds} more`);
    }
    await call;
    return end.code;
  };
  assert.equal(await ended({ login_id: "x".repeat(43) }), "timeout");
  assert.equal(await ended({ login_id: "x".repeat(43), wait: 24 }), "timeout");
});

test("only the calls that begin a sign-in send and keep cookies", async () => {
  const seen = {};
  const fetch = async (url, init) => ((seen[new URL(url).pathname.slice(4)] = init.credentials), Response.json({}));
  const user = new City({ city_url: "https://x.test", user_token: TOKEN, fetch });
  const accounts = user.service("accounts");
  const beginning = ["oauth/start", "login/start", "email/start", "identities/link"];
  for (const action of [...beginning, "login", "login/continue", "oauth/start/x", "token/refresh"]) {
    await accounts.action(action).invoke({});
  }
  await accounts.get("oauth/result", { state: "s" });
  await user.me();
  const sent = Object.keys(seen).filter((path) => seen[path] !== undefined);
  assert.deepEqual(sent.map((path) => [path, seen[path]]), beginning.map((action) => [`accounts/${action}`, "include"]));
  // A runtime whose requests know no cookies, and throw at the mere word.
  const { Request } = globalThis;
  globalThis.Request = class {};
  try {
    await accounts.action("oauth/start").invoke({});
  } finally {
    globalThis.Request = Request;
  }
  assert.equal(seen["accounts/oauth/start"], undefined);
});

/** A user whose refresh tokens are traded by `answers`, one after another: functions of the response. */
async function refreshing(t, answers) {
  const pair = (n) => ({ user_token: `ub_${n}`, refresh_token: `rf_${n}`, user_id: "u1", city_id: "city_demo", expires_at: "2030-01-01T00:00:00Z" });
  let n = 0;
  const fed = await federation(t, {
    routes: {
      "POST /v1/accounts/token/refresh": ({ headers }, response, { send, refuse }) => {
        assert.equal(headers.authorization, undefined, "the old token may have run out");
        const next = answers.shift();
        if (next) return next(response, refuse);
        send(response, 200, pair(++n));
      },
    },
  });
  const user = new City({ city_url: fed.url, city_id: "city_demo", user_token: "ub_0", refresh_token: "rf_0" });
  return { fed, user, sent: () => fed.calls.map((call) => call.body.refresh_token) };
}

test("refresh: a lost answer is asked for again with the same token, soon", async (t) => {
  const begun = Date.now();
  const { user, sent } = await refreshing(t, [() => {}, (response) => response.destroy()]);
  const fresh = await user.refresh();
  assert.deepEqual([fresh.user_token, fresh.refresh_token, fresh.city_id], ["ub_1", "rf_1", "city_demo"]);
  assert.deepEqual(sent(), ["rf_0", "rf_0", "rf_0"]);
  assert.ok(Date.now() - begun < 10_000, "within the time for which the Federation gives it again");
});

test("refresh: three tries and no more; what is final or asks for patience is thrown at once", async (t) => {
  const down = (response) => response.writeHead(503, { "retry-after": "1" }).end();
  const tired = await refreshing(t, [down, down, down, down]);
  await assert.rejects(tired.user.refresh(), failure("http_503", 503));
  assert.equal(tired.sent().length, 3);
  for (const [status, code] of [[401, "invalid_token"], [429, "too_many_tries"]]) {
    const { user, sent } = await refreshing(t, [(response, refuse) => refuse(response, status, code, { "retry-after": "60" })]);
    await assert.rejects(user.refresh(), failure(code, status));
    assert.equal(sent().length, 1);
    assert.equal((await user.refresh()).user_token, "ub_1", "a failure is not kept");
  }
});

test("refresh: no try comes late, after a page was asleep", async (t) => {
  const { user, sent } = await refreshing(t, [(response) => response.writeHead(503).end()]);
  const now = Date.now;
  t.after(() => (Date.now = now));
  const trying = user.refresh();
  setTimeout(() => (Date.now = () => now() + 120_000), 200);
  await assert.rejects(trying, failure("http_503", 503));
  assert.equal(sent().length, 1);
});

test("refresh: calls at the same time share one trade; an abort ends only its caller's wait", async (t) => {
  const { fed, user, sent } = await refreshing(t, []);
  const stop = new AbortController();
  const reason = new Error("enough");
  const gone = user.refresh({ signal: stop.signal });
  const twin = new City({ city_url: fed.url, user_token: "ub_0", refresh_token: "rf_0" });
  const all = [user.refresh(), user.refresh(), twin.refresh()];
  stop.abort(reason);
  await assert.rejects(gone, (error) => error === reason);
  assert.deepEqual((await Promise.all(all)).map((city) => city.refresh_token), ["rf_1", "rf_1", "rf_1"]);
  assert.deepEqual(sent(), ["rf_0"]);
  await assert.rejects(user.refresh({ signal: stop.signal }), (error) => error === reason);
  assert.equal(sent().length, 1, "nothing is traded for who is gone already");

  // The pair that came while nobody waited would be lost, and the next trade would end the session.
  const lonely = await refreshing(t, []);
  const late = new AbortController();
  const left = lonely.user.refresh({ signal: late.signal });
  late.abort();
  await assert.rejects(left, { name: "AbortError" });
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal((await lonely.user.refresh()).refresh_token, "rf_1");
  assert.equal(lonely.sent().length, 1);
});

test("another fetch may be given", async () => {
  const seen = [];
  const fetch = async (url, init) => (seen.push([String(url), init.method]), Response.json({ items: [] }));
  const city = new City({ city_url: "https://x.test", fetch });
  assert.deepEqual(await city.service("accounts").get("providers"), { items: [] });
  assert.deepEqual(seen, [["https://x.test/v1/accounts/providers", "GET"]]);
});

test("the admin calls, which take the client's city for tokens alone", async (t) => {
  const fed = await federation(t);
  const admin = new City({ role: "admin", city_url: fed.url, city_id: "city_a", admin_secret_key: KEY });
  const sent = async (answer) => {
    const { method, path, body } = await answer;
    return [`${method} ${path}`, body];
  };
  assert.deepEqual(await sent(admin.env.list()), ["GET /v1/env/list", undefined]);
  assert.deepEqual(await sent(admin.env.catalog()), ["GET /v1/env/catalog", undefined]);
  const item = { key: "WECHAT_CLIENT_ID", value: "wx1" };
  assert.deepEqual(await sent(admin.env.upsert(item)), ["POST /v1/env/upsert", item]);
  assert.deepEqual(await sent(admin.env.remove({ key: "A" })), ["POST /v1/env/remove", { key: "A" }]);
  assert.deepEqual(await sent(admin.env.import({ raw: "A=1" })), ["POST /v1/env/import", { raw: "A=1" }]);
  assert.deepEqual(await sent(admin.env.refresh()), ["POST /v1/env/refresh", {}]);
  assert.deepEqual(await sent(admin.cities.list()), ["GET /v1/cities/list", undefined]);
  assert.deepEqual(await sent(admin.cities.create({ name: "B" })), ["POST /v1/cities/create", { name: "B" }]);
  for (const action of ["update", "pause", "activate", "remove"]) {
    const body = { city_id: "city_b" };
    assert.deepEqual(await sent(admin.cities[action](body)), [`POST /v1/cities/${action}`, body]);
  }
  const doctor = await admin.federation.doctor({ only: "wechat" });
  assert.deepEqual([doctor.method, doctor.path, doctor.query], ["GET", "/v1/federation/doctor", { only: "wechat" }]);
  assert.deepEqual((await admin.federation.doctor()).query, {});
  const token = { user_id: "u", ttl: "1h" };
  const path = "POST /v1/cities/tokens/apply";
  assert.deepEqual(await sent(admin.tokens.apply(token)), [path, { ...token, city_id: "city_a" }]);
  const other = { ...token, city_id: "city_b" };
  assert.deepEqual(await sent(admin.tokens.apply(other)), [path, other]);
});

test("PKCE: the vector of RFC 7636 appendix B, and fresh verifiers", async () => {
  const vector = await challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  assert.equal(vector, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
  const some = new Set(Array.from({ length: 50 }, verifier));
  assert.equal(some.size, 50);
  for (const one of some) assert.match(one, /^[A-Za-z0-9_-]{43}$/);
});
