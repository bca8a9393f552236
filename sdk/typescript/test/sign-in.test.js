/** The two ways to sign a person in, against a server that keeps to the contract or fails it on purpose. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { City, CityError } from "@downcity/city";
import { TOKEN, federation } from "./support/server.js";

const code = (expected) => (error) => error instanceof CityError && (assert.equal(error.code, expected), true);
// Whatever machine this runs on, tests say where the browser is.
for (const name of ["DISPLAY", "WAYLAND_DISPLAY"]) delete process.env[name];

const guest = (fed) => new City({ city_url: fed.url, city_id: "city_demo" });

test("start, open, wait, a ready user; PKCE on by default", async (t) => {
  const fed = await federation(t);
  let closed = 0;
  const user = await guest(fed).signIn("wechat", {
    lang: "en",
    fast_login: false,
    open: (url, start) => {
      assert.equal(url, start.url);
      setTimeout(() => fed.finish(start.state), 100);
      return { close: () => closed++ };
    },
  });
  assert.equal(user.role, "user");
  assert.equal(user.user_token, TOKEN);
  assert.deepEqual([user.user_id, user.city_id, user.expires_at], ["u1", "city_demo", 1_790_000_000_000]);
  assert.equal((await user.me()).user.user_id, "u1");
  assert.equal(closed, 1);
  const start = fed.calls[0].body;
  assert.deepEqual([start.city_id, start.lang, start.fast_login], ["city_demo", "en", false]);
  assert.equal(start.code_challenge_method, "S256");
  assert.match(start.code_challenge, /^[A-Za-z0-9_-]{43}$/);
  assert.equal(fed.polls().length, 1, "one long poll is enough");
  assert.equal(fed.polls()[0].query.wait, "25");
});

test("link does the same as a user, and answers with a fresh token", async (t) => {
  const seen = [];
  const fed = await federation(t, {
    routes: {
      "POST /v1/accounts/identities/link": ({ headers, body }, response, { send }) => {
        seen.push([headers.authorization, body]);
        fed.logins.set("st_link", { ...body, state: "st_link", waiting: [] });
        send(response, 200, { url: "https://open.test/qr", state: "st_link", provider: body.provider, interval: 1 });
      },
    },
  });
  const user = new City({ city_url: fed.url, city_id: "city_demo", user_token: "ub_before" });
  const linked = await user.link("wechat", { open: (_, { state }) => fed.finish(state) });
  assert.deepEqual([linked.user_token, linked.city_id], [TOKEN, "city_demo"]);
  assert.equal(seen[0][0], "Bearer ub_before");
  assert.equal(seen[0][1].code_challenge_method, "S256");
  const storage = new Map();
  const store = { getItem: (k) => storage.get(k) ?? null, setItem: (k, v) => storage.set(k, v), removeItem: (k) => storage.delete(k) };
  await user.linkRedirect("wechat", { return_to: "https://app.test/back", open: () => {}, storage: store });
  assert.equal(seen[1][1].return_to, "https://app.test/back");
  fed.finish("st_link");
  const back = await user.completeRedirect({ url: "https://app.test/back?state=st_link&code=c", storage: store });
  assert.equal(back.user_token, TOKEN);
});

test("a code that the person types is shown before the page is opened", async (t) => {
  const fed = await federation(t, { start: { user_code: "BCDF-GHJK" } });
  const seen = [];
  const showCode = async (shown) => (await null, seen.push(shown));
  await guest(fed).signIn("wechat", { showCode, open: (_, { state }) => (seen.push("open"), fed.finish(state)) });
  assert.deepEqual(seen, ["BCDF-GHJK", "open"]);
  await guest(fed).signIn("wechat", {
    open: (_, start) => (seen.push(start.user_code), fed.finish(start.state)),
  });
  assert.equal(seen[2], "BCDF-GHJK", "who opens the page is given it, too");
  const storage = { getItem: () => null, setItem: () => assert.fail("nothing is begun"), removeItem: () => {} };
  const redirect = { return_to: "https://app.test/back", storage, open: () => assert.fail("nobody is sent away") };
  await assert.rejects(guest(fed).signInRedirect("wechat", redirect), code("code_not_shown"));
});

test("without PKCE nothing of it is sent", async (t) => {
  const fed = await federation(t);
  await guest(fed).signIn("wechat", { pkce: false, open: (_, { state }) => fed.finish(state) });
  assert.equal(fed.calls[0].body.code_challenge, undefined);
  assert.equal(fed.polls()[0].query.code_verifier, undefined);
});

test("where a browser offers no hash, that is said before anything is opened or asked", async (t) => {
  const fed = await federation(t);
  const insecure = { getRandomValues: (bytes) => bytes };
  t.mock.getter(globalThis, "crypto", () => insecure);
  globalThis.window = { open: () => assert.fail("no window") };
  t.after(() => delete globalThis.window);
  const said = { name: "TypeError", message: "PKCE needs https:// or localhost" };
  await assert.rejects(guest(fed).signIn("wechat"), said);
  const storage = { getItem: () => null, setItem() {}, removeItem() {} };
  await assert.rejects(guest(fed).signInRedirect("wechat", { return_to: "https://app.test/", storage, open() {} }), said);
  assert.equal(fed.calls.length, 0);
  await guest(fed).signIn("wechat", { pkce: false, open: (_, { state }) => fed.finish(state) });
});

test("hiccups are tried again; Retry-After is obeyed", async (t) => {
  const fed = await federation(t, {
    results: [
      (response) => response.destroy(),
      (response) => response.writeHead(503).end("<h1>restarting</h1>"),
      (response) => response.writeHead(429, { "retry-after": "1" }).end("{}"),
    ],
  });
  let limited = 0;
  const fetch = async (...args) => {
    const response = await globalThis.fetch(...args);
    if (response.status === 429) limited = Date.now();
    else if (limited > 0) limited = limited - Date.now();
    return response;
  };
  const city = new City({ city_url: fed.url, city_id: "city_demo", fetch });
  const user = await city.signIn("wechat", { open: (_, { state }) => fed.finish(state) });
  assert.equal(user.user_token, TOKEN);
  assert.equal(fed.polls().length, 4);
  assert.ok(limited <= -990, `came back ${-limited} ms after "Retry-After: 1"`);
});

test("a server that does not wait is not hammered", async (t) => {
  const pending = { status: "pending", interval: 1 };
  const fed = await federation(t, { results: [pending, pending] });
  const begun = Date.now();
  await guest(fed).signIn("wechat", { open: (_, { state }) => fed.finish(state) });
  assert.equal(fed.polls().length, 3);
  assert.ok(Date.now() - begun >= 1950);
});

test("a refusal is thrown with its code", async (t) => {
  const fed = await federation(t);
  const trying = guest(fed).signIn("wechat", { open: (_, { state }) => fed.fail(state, "access_denied") });
  await assert.rejects(trying, (error) => {
    assert.ok(error instanceof CityError);
    assert.deepEqual([error.code, error.message, error.body.status], ["access_denied", "You said no.", "failed"]);
    return true;
  });
});

test("a login that ran out: told by the server, or by the clock", async (t) => {
  for (const told of ["login_expired", "already_collected"]) {
    const gone = (response) => response.writeHead(410).end(JSON.stringify({ error: "Late.", code: told, request_id: "r" }));
    const fed = await federation(t, { results: [gone] });
    await assert.rejects(guest(fed).signIn("wechat", { open() {} }), (error) => {
      assert.deepEqual([error.code, error.status, error.request_id], [told, 410, "r"]);
      return true;
    });
  }
  for (const unit of [1, 1000] /* milliseconds, seconds */) {
    const fed = await federation(t, { expires_at: Math.ceil((Date.now() + 2000) / unit) });
    const begun = Date.now();
    await assert.rejects(guest(fed).signIn("wechat", { open() {} }), code("login_expired"));
    assert.ok(Date.now() - begun < 5000, "it must not poll for ever");
    assert.equal(fed.polls().length > 0, true);
  }
});

test("an unknown login ends the wait at once", async (t) => {
  const fed = await federation(t);
  const trying = guest(fed).signIn("wechat", { open: (_, { state }) => fed.logins.delete(state) });
  await assert.rejects(trying, code("login_not_found"));
  assert.equal(fed.polls().length, 1);
});

test("an abort ends it anywhere, and closes what was opened", async (t) => {
  const fed = await federation(t);
  const reason = new Error("changed my mind");
  const early = AbortSignal.abort(reason);
  await assert.rejects(guest(fed).signIn("wechat", { open() {}, signal: early }), (error) => error === reason);
  assert.equal(fed.calls.length, 0);

  const stop = new AbortController();
  let closed = 0;
  const open = () => (setTimeout(() => stop.abort(reason), 100), { close: () => closed++ });
  await assert.rejects(guest(fed).signIn("wechat", { open, signal: stop.signal }), (error) => error === reason);
  assert.equal(closed, 1);

  // During the pause between two tries.
  const broken = await federation(t, { results: Array(20).fill((response) => response.writeHead(503).end()) });
  const signal = AbortSignal.timeout(300);
  const begun = Date.now();
  await assert.rejects(guest(broken).signIn("wechat", { open() {}, signal }), { name: "TimeoutError" });
  assert.ok(Date.now() - begun < 450 + 300);
});

test("a failed start and a failed open are the caller's to see", async (t) => {
  const fed = await federation(t);
  const paused = new City({ city_url: fed.url, city_id: "city_paused" });
  let opened = false;
  await assert.rejects(paused.signIn("wechat", { open: () => (opened = true) }), code("city_paused"));
  assert.equal(opened, false);
  const oops = new Error("no browser here");
  const open = () => Promise.reject(oops);
  await assert.rejects(guest(fed).signIn("wechat", { open }), (error) => error === oops);
  await assert.rejects(guest(fed).signIn("wechat"), /options\.open/);
});

test("in a browser a window is made on the click, before anything is awaited", async (t) => {
  const fed = await federation(t);
  const shown = { location: { replace: (url) => ((shown.at = url), fed.finish(url.split("=")[1])) }, close: () => (shown.closed = true) };
  let calls = 0;
  globalThis.window = { open: () => (calls++, shown) };
  t.after(() => delete globalThis.window);
  const trying = guest(fed).signIn("wechat");
  assert.equal(calls, 1);
  await trying;
  const [state] = fed.logins.keys();
  assert.deepEqual([shown.at, shown.opener, shown.closed], [`https://open.test/qr?state=${state}`, null, undefined]);

  await assert.rejects(new City({ city_url: fed.url, city_id: "city_paused" }).signIn("wechat"), code("city_paused"));
  assert.equal(shown.closed, true, "no empty window stays");

  globalThis.window.open = () => null;
  await assert.rejects(guest(fed).signIn("wechat"), code("popup_blocked"));
});

test("a window that reads as closed is still waited for: the Federation's own pages make it read so", async (t) => {
  const fed = await federation(t);
  const shown = { closed: true, location: { replace: (url) => setTimeout(() => fed.finish(url.split("=")[1]), 1500) } };
  globalThis.window = { open: () => shown };
  t.after(() => delete globalThis.window);
  assert.equal((await guest(fed).signIn("wechat", { signal: AbortSignal.timeout(10_000) })).user_token, TOKEN);
});

/** The page of an app, as far as the redirect flow touches one. */
function page(t, href) {
  const kept = new Map();
  const browser = {
    location: { href, origin: new URL(href).origin, pathname: new URL(href).pathname, assign: (url) => (browser.went = url) },
    history: { state: { page: 1 }, replaceState: (state, _, url) => (browser.replaced = [state, String(url)], browser.location.href = String(url)) },
    sessionStorage: {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => kept.set(key, String(value)),
      removeItem: (key) => kept.delete(key),
    },
    kept,
  };
  for (const name of ["location", "history", "sessionStorage"]) globalThis[name] = browser[name];
  t.after(() => ["location", "history", "sessionStorage"].forEach((name) => delete globalThis[name]));
  return browser;
}

test("redirect: away, back, a user, and a clean address", async (t) => {
  const fed = await federation(t);
  const browser = page(t, "https://app.test/welcome?tab=2#top");
  assert.equal(await guest(fed).completeRedirect(), null, "an ordinary visit");
  assert.equal(fed.calls.length, 0);

  const start = await guest(fed).signInRedirect("wechat");
  assert.equal(browser.went, start.url);
  const sent = fed.calls[0].body;
  assert.deepEqual([sent.return_to, sent.city_id, sent.code_challenge_method], ["https://app.test/welcome", "city_demo", "S256"]);
  assert.equal(browser.kept.size, 1);

  fed.finish(start.state);
  browser.location.href = `https://app.test/welcome?tab=2&state=${start.state}&code=code_0#top`;
  const both = await Promise.all([guest(fed).completeRedirect(), guest(fed).completeRedirect()]);
  assert.equal(both[0].user_token, TOKEN);
  assert.equal(both[1].user_token, TOKEN, "who asks twice at once is told the same");
  assert.equal(fed.polls().length, 1, "a page that asks twice collects once");
  assert.equal(await guest(fed).completeRedirect(), null, "and afterwards there is nothing left to do");
  assert.equal(fed.polls()[0].query.code, "code_0");
  assert.deepEqual(browser.replaced, [{ page: 1 }, "https://app.test/welcome?tab=2#top"]);
  assert.equal(browser.kept.size, 0, "the verifier is gone");
});

/** A login that came back to its page. */
async function back(t, fed, city = guest(fed)) {
  const browser = page(t, "https://app.test/");
  const { state } = await city.signInRedirect("wechat");
  fed.finish(state);
  browser.location.href = `https://app.test/?state=${state}&code=code_0`;
  return browser;
}

test("redirect: an abort ends one caller's wait and not the sign-in", async (t) => {
  const hold = {};
  const held = new Promise((resolve) => (hold.go = resolve));
  const fed = await federation(t);
  const slow = async (url, init) => (String(url).includes("oauth/result") && (await held), fetch(url, init));
  const city = new City({ city_url: fed.url, city_id: "city_demo", fetch: slow });
  const browser = await back(t, fed, city);
  const reason = new Error("the effect ran twice");
  const stop = new AbortController();
  const first = city.completeRedirect({ signal: stop.signal });
  stop.abort(reason);
  await assert.rejects(first, (error) => error === reason);
  assert.deepEqual([browser.kept.size, browser.replaced], [1, undefined], "a reload could go on");
  const second = city.completeRedirect();
  hold.go();
  assert.equal((await second).user_token, TOKEN);
  assert.equal(fed.polls().length, 1);
  assert.deepEqual([browser.kept.size, browser.location.href], [0, "https://app.test/"]);
});

test("redirect: what came while nobody waited is there for who asks next, once", async (t) => {
  const fed = await federation(t);
  const browser = await back(t, fed);
  const stop = new AbortController();
  const first = guest(fed).completeRedirect({ signal: stop.signal });
  stop.abort();
  await assert.rejects(first, { name: "AbortError" });
  while (browser.kept.size > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const url = browser.location.href;
  assert.equal((await guest(fed).completeRedirect()).user_token, TOKEN);
  assert.equal(fed.polls().length, 1);
  assert.equal(browser.location.href, "https://app.test/");
  assert.equal(await guest(fed).completeRedirect({ url }), null, "the same address again");
  const early = AbortSignal.abort();
  const again = await back(t, fed);
  again.location.href = again.location.href.replace("code_0", "code_1");
  await assert.rejects(guest(fed).completeRedirect({ signal: early }), { name: "AbortError" });
  assert.equal(fed.polls().length, 1, "nothing is begun for who is gone already");
});

test("redirect: no network for half a minute is told as such, and a reload goes on", async (t) => {
  const fed = await federation(t);
  let down = true;
  const flap = (url, init) =>
    down && String(url).includes("oauth/result") ? Promise.reject(new TypeError("flap")) : fetch(url, init);
  const city = new City({ city_url: fed.url, city_id: "city_demo", fetch: flap });
  const browser = await back(t, fed, city);
  const returned = browser.location.href;
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.now() });
  let ended;
  const trying = city.completeRedirect().catch((error) => (ended = error));
  for (let s = 0; s < 60 && !ended; s++) {
    t.mock.timers.tick(1000);
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  }
  t.mock.timers.reset();
  await trying;
  assert.ok(ended instanceof CityError);
  assert.deepEqual([ended.code, ended.cause.message, ended.temporary], ["network_error", "flap", true]);
  assert.deepEqual([browser.kept.size, browser.location.href], [1, returned]);
  down = false;
  assert.equal((await city.completeRedirect()).user_token, TOKEN);
  assert.deepEqual([browser.kept.size, browser.location.href], [0, "https://app.test/"]);
});

test("redirect: a page that is no answer of the Federation's is no outcome", async (t) => {
  const portal = (status, more) => (response) =>
    response.writeHead(status, { "content-type": "text/html", ...more }).end("<h1>Hotel</h1>");
  const fed = await federation(t, { results: [portal(200), portal(302, { location: "https://hotel.test/" }), portal(403)] });
  const browser = await back(t, fed);
  for (const why of ["invalid_answer", "http_302", "http_403"]) {
    await assert.rejects(guest(fed).completeRedirect(), code(why));
    assert.equal(browser.kept.size, 1);
  }
  assert.equal((await guest(fed).completeRedirect()).user_token, TOKEN);
});

test("redirect: where a page is made on a server, nobody comes back", async (t) => {
  const fed = await federation(t);
  assert.equal(globalThis.location, undefined);
  assert.equal(await guest(fed).completeRedirect(), null);
  assert.equal(await guest(fed).completeRedirect({ url: "https://app.test/?state=s&code=c" }), null);
  assert.equal(fed.calls.length, 0);
});

/** A state as a Federation makes it, which this page knows nothing of. */
const stranger = (end) => "AZrLx0AA".padEnd(50, "x") + end;

test("redirect: a login started elsewhere is not taken", async (t) => {
  const fed = await federation(t);
  const browser = page(t, `https://app.test/?state=${stranger("a")}&code=code_0`);
  await assert.rejects(guest(fed).completeRedirect(), code("login_not_started_here"));
  assert.equal(fed.calls.length, 0);
  assert.equal(browser.location.href, "https://app.test/");
});

test("redirect: who asks twice at once is refused twice, and the first may have left", async (t) => {
  const fed = await federation(t);
  const browser = page(t, `https://app.test/?state=${stranger("b")}&code=code_0`);
  const reason = new Error("the effect ran twice");
  const stop = new AbortController();
  const first = guest(fed).completeRedirect({ signal: stop.signal });
  stop.abort(reason);
  const second = guest(fed).completeRedirect();
  const third = guest(fed).completeRedirect();
  await assert.rejects(first);
  await assert.rejects(second, code("login_not_started_here"));
  await assert.rejects(third, code("login_not_started_here"));
  assert.equal(browser.location.href, "https://app.test/");
  assert.equal(await guest(fed).completeRedirect(), null);
});

test("redirect: what comes back from another OAuth server is left to its own client", async (t) => {
  const fed = await federation(t);
  const others = ["af0ifjsldkj", stranger("").slice(0, 43), stranger("c") + "x", stranger("."), `${stranger("")}%20`];
  for (const query of others.map((state) => `state=${state}&code=c`).concat(`state=${stranger("d")}&error=access_denied`)) {
    const browser = page(t, `https://app.test/?${query}`);
    assert.equal(await guest(fed).completeRedirect(), null);
    assert.deepEqual([browser.location.href, browser.replaced], [`https://app.test/?${query}`, undefined]);
  }
  assert.equal(fed.calls.length, 0);
});

test("redirect: a refusal comes back as an error", async (t) => {
  const fed = await federation(t);
  const browser = page(t, "https://app.test/");
  const { state } = await guest(fed).signInRedirect("wechat", { return_to: "https://app.test/back" });
  assert.equal(fed.calls[0].body.return_to, "https://app.test/back");
  fed.fail(state, "access_denied");
  browser.location.href = `https://app.test/back?state=${state}&error=access_denied`;
  await assert.rejects(guest(fed).completeRedirect(), code("access_denied"));
  assert.equal(browser.location.href, "https://app.test/back");
  assert.equal(browser.kept.size, 0, "the verifier is gone");
});

test("redirect: storage, navigation and address may be given", async (t) => {
  const fed = await federation(t);
  const kept = new Map();
  const storage = { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => kept.set(k, v), removeItem: (k) => kept.delete(k) };
  let went;
  const { state } = await guest(fed).signInRedirect("wechat", { return_to: "https://app.test/", open: (url) => (went = url), storage });
  assert.ok(went.includes(state));
  fed.finish(state);
  const user = await guest(fed).completeRedirect({ url: `https://app.test/?state=${state}&code=code_0`, storage });
  assert.equal(user.user_id, "u1");
});
