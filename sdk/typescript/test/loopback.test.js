/** A program whose browser runs on the same machine: it brings the code to a port of the program. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { City, CityError } from "@downcity/city";
import { TOKEN, federation } from "./support/server.js";

const code = (expected) => (error) => error instanceof CityError && (assert.equal(error.code, expected), true);
// Whatever machine this runs on, tests say where the browser is.
for (const name of ["DISPLAY", "WAYLAND_DISPLAY"]) delete process.env[name];

const guest = (fed) => new City({ city_url: fed.url, city_id: "city_demo" });

/** What a browser of this machine is told where it is sent back to. */
const comeBack = async (return_to, query, headers = {}) => {
  const response = await fetch(return_to + query, { headers });
  assert.match(response.headers.get("content-security-policy"), /^default-src 'none'/);
  return { status: response.status, text: await response.text() };
};

test("a browser of this machine brings the code to the program", async (t) => {
  const fed = await federation(t);
  const pages = [];
  let visits, port;
  const user = await guest(fed).signIn("wechat", {
    here: true,
    open: (_, { state }) => {
      const { return_to, code } = fed.logins.get(state);
      port = return_to;
      fed.finish(state);
      visits = (async () => {
        const strange = ["", "?state=other&code=c", `?state=${state}&code=guess`, `?state=${state}`, `?code=${code}&state=${state}`];
        for (const query of strange) pages.push(await comeBack(return_to, query, { "accept-language": "zh-CN,en;q=0.5" }));
      })();
    },
  });
  assert.equal(user.user_token, TOKEN);
  await visits;
  assert.deepEqual(pages.map(({ status, text }) => [status, text.includes("登录成功")]), [
    [404, false],
    [200, false],
    [200, false],
    [200, false],
    [200, true],
  ]);
  const codes = fed.polls().flatMap(({ query }) => query.code ?? []);
  assert.deepEqual(codes, ["guess", fed.logins.values().next().value.code], "nothing is asked for a stranger");
  assert.match(port, /^http:\/\/127\.0\.0\.1:\d+\/downcity$/);
  await assert.rejects(fetch(port), "the port is closed with the sign-in");
});

test("a failure, the end of the login, a signal and a page that can't be opened end the wait for a browser", async (t) => {
  const fed = await federation(t);
  const here = (open, more) => guest(fed).signIn("wechat", { here: true, open, ...more });
  let page;
  const refused = here((_, { state }) => {
    fed.fail(state, "access_denied");
    page = comeBack(fed.logins.get(state).return_to, `?error=access_denied&state=${state}`);
  });
  await assert.rejects(refused, code("access_denied"));
  assert.match((await page).text, /You are not signed in/);
  await assert.rejects(here((_, { state }) => fed.fail(state, "provider_busy")), code("provider_busy"), "no browser comes");
  await assert.rejects(here(() => {}, { signal: AbortSignal.timeout(100) }), { name: "TimeoutError" });
  await assert.rejects(here(() => Promise.reject(new Error("no browser"))), { message: "no browser" });
  const brief = await federation(t, { expires_at: Date.now() + 800 });
  await assert.rejects(guest(brief).signIn("wechat", { here: true, open: () => {} }), code("login_expired"));
});

test("the page may be waited for, and a silent connection is not waited for", async (t) => {
  const fed = await federation(t);
  let page;
  const closed = {};
  closed.promise = new Promise((resolve) => (closed.resolve = resolve));
  const begun = Date.now();
  await guest(fed).signIn("wechat", {
    here: true,
    open: async (_, { state }) => {
      const { return_to, code } = fed.logins.get(state);
      const silent = connect(new URL(return_to).port, "127.0.0.1");
      t.after(() => silent.destroy());
      fed.finish(state);
      page = await comeBack(return_to, `?state=${state}&code=${code}`);
      return { close: () => closed.resolve() };
    },
  });
  assert.ok(Date.now() - begun < 1500, `${Date.now() - begun} ms`);
  await closed.promise;
  assert.match(page.text, /You are signed in/);
});

test("a program waits at the Federation where no browser is beside it, and without PKCE", async (t) => {
  const fed = await federation(t);
  const open = (_, { state }) => fed.finish(state);
  await guest(fed).signIn("wechat", { here: false, open });
  await guest(fed).signIn("wechat", { here: true, pkce: false, open });
  const kept = { ...process.env };
  t.after(() => Object.assign(process.env, kept));
  process.env.DISPLAY = ":0";
  process.env.SSH_CONNECTION = "192.0.2.1 1 192.0.2.2 22";
  await guest(fed).signIn("wechat", { open });
  const starts = fed.calls.filter(({ path }) => path.endsWith("/oauth/start"));
  assert.deepEqual(starts.map(({ body }) => body.return_to), [undefined, undefined, undefined]);
  delete process.env.SSH_CONNECTION;
  await guest(fed).signIn("wechat", {
    open: (_, { state }) => {
      const { return_to, code } = fed.logins.get(state);
      fed.finish(state);
      comeBack(return_to, `?state=${state}&code=${code}`);
    },
  });
  if (!kept.DISPLAY) delete process.env.DISPLAY;
});

test("a runtime that lets nobody look at its environment waits at the Federation", async (t) => {
  const fed = await federation(t);
  const env = process.env;
  t.after(() => (process.env = env));
  process.env = new Proxy({}, { get: () => { throw new Error("not allowed"); } });
  await guest(fed).signIn("wechat", { open: (_, { state }) => fed.finish(state) });
  assert.equal(fed.calls[0].body.return_to, undefined);
});
