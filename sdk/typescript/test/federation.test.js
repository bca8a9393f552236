/** The client against the real program. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { City, CityError } from "@downcity/city";
import { federation, skip } from "./support/real.js";

describe("against the real Federation", { skip }, () => {
  let fed, at;
  before(async () => ({ at } = fed = await federation()));
  after(() => fed?.close());
  const guest = () => fed.guest();
  const admin = () => fed.admin();
  const browse = (...all) => fed.browse(...all);

  test("WeChat is on offer", async () => {
    const { items } = await guest().service("accounts").get("providers");
    assert.ok(items.some((item) => item.id === "wechat" && item.type === "oauth" && item.enabled));
  });

  test("a person signs in, is known, and signs out for good", async () => {
    const user = await guest().signIn("wechat", {
      open: (url, { state }) => browse(url, state, "alice"),
      signal: AbortSignal.timeout(30_000),
    });
    assert.match(user.user_token, /^ub_/);
    assert.ok(user.expires_at);
    const me = await user.me();
    assert.equal(me.user.user_id, user.user_id);
    assert.equal(me.profile.email, null);
    await user.logout();
    await assert.rejects(user.me(), (error) => error instanceof CityError && error.status === 401);
  });

  test("a browser of this machine brings the code to a program", async () => {
    let page, from;
    const user = await guest().signIn("wechat", {
      here: true,
      open: async (url, { state }) => {
        from = await browse(url, state, "alice");
        page = fetch(from).then((response) => response.text());
      },
      signal: AbortSignal.timeout(30_000),
    });
    assert.match(from, /^http:\/\/127\.0\.0\.1:\d+\/downcity\?/);
    assert.equal((await user.me()).user.user_id, user.user_id);
    assert.match(await page, /You are signed in/);
  });

  test("the specification's calls, one by one", async () => {
    const accounts = guest().service("accounts");
    const start = await accounts.action("oauth/start").invoke({ provider: "wechat" });
    assert.equal((await accounts.get("oauth/result", { state: start.state })).status, "pending");
    await browse(start.url, start.state, "zhangsan");
    const result = await accounts.get("oauth/result", { state: start.state, wait: 20 });
    assert.equal(result.status, "done");
    const user = new City({ role: "user", city_url: at.federation_url, city_id: result.city_id, user_token: result.user_token });
    assert.equal((await user.me()).user.user_id, result.user_id);
  });

  test("PKCE: nobody else collects the login", async () => {
    let state;
    const user = await guest().signIn("wechat", {
      open: async (url, start) => {
        state = start.state;
        await browse(url, state, "lilei");
        const thief = guest().service("accounts").get("oauth/result", { state, code_verifier: "x".repeat(43) });
        await assert.rejects(thief, (error) => error instanceof CityError && error.status >= 400 && error.status < 500);
      },
      signal: AbortSignal.timeout(30_000),
    });
    assert.ok(user.user_id);
  });

  test("errors have the contract's shape", async () => {
    const start = guest().service("accounts").action("oauth/start");
    const failing = [
      [() => start.invoke({ provider: "wechat", city_id: "city_nowhere" }), 404],
      [() => start.invoke({ provider: "nobody" }), 400],
      [() => guest().service("accounts").get("oauth/result", {}), 400],
      [() => guest().service("accounts").get("oauth/result", { state: "unknown_state_0123456789" }), 404],
      [() => new City({ city_url: at.federation_url, user_token: "ub_wrong" }).me(), 401],
    ];
    for (const [answer, status] of failing) {
      await assert.rejects(answer(), (error) => {
        assert.ok(error instanceof CityError);
        assert.equal(error.status, status);
        assert.match(error.code, /^[a-z][a-z0-9_]+$/);
        assert.ok(error.request_id && error.message);
        return true;
      });
    }
  });

  test("pages of listed origins, and no others, may have the login cookie go along", async () => {
    const listed = "https://sdk.example.com";
    const { city_id } = await admin().cities.create({ name: "Origins", city_id: "city_origins", allowed_origins: [listed] });
    const ask = async (path, origin) => {
      const headers = { origin, "access-control-request-method": "POST" };
      const preflight = await fetch(`${at.federation_url}/v1/accounts/${path}`, { method: "OPTIONS", headers });
      const answer = await fetch(`${at.federation_url}/v1/accounts/${path}`, {
        method: "POST",
        headers: { origin, "content-type": "application/json" },
        body: JSON.stringify({ provider: "wechat", city_id }),
      });
      const told = (name) => [preflight, answer].map((one) => one.headers.get(`access-control-allow-${name}`));
      return [told("credentials"), told("origin")];
    };
    for (const path of ["oauth/start", "identities/link"]) {
      assert.deepEqual(await ask(path, listed), [["true", "true"], [listed, listed]], path);
      assert.deepEqual(await ask(path, "https://stranger.example"), [[null, null], [null, null]], path);
    }
    await admin().cities.remove({ city_id });
  });

  test("an admin sets the env, makes cities, gives tokens", async () => {
    await admin().env.upsert({ key: "SDK_TEST", value: "yes" });
    assert.ok((await admin().env.list()).items.some((item) => item.key === "SDK_TEST"));
    assert.ok((await admin().env.catalog()).items.some((item) => item.id === "accounts"));
    await admin().env.remove({ key: "SDK_TEST" });

    const { city_id } = await admin().cities.create({ name: "SDK", city_id: "city_sdk" });
    assert.equal(city_id, "city_sdk");
    const token = await admin().tokens.apply({ city_id, user_id: "own-1", metadata: { plan: "pro" }, ttl: "30m" });
    const user = new City({ city_url: at.federation_url, city_id, user_token: token.user_token });
    assert.deepEqual((await user.me()).user.metadata, { plan: "pro" });
    await admin().cities.pause({ city_id });
    await assert.rejects(user.me(), (error) => error.status === 401 || error.status === 403);
    await admin().cities.remove({ city_id });
    assert.ok(!(await admin().cities.list()).items.some((city) => city.city_id === city_id && city.status === "active"));
    await assert.rejects(guest().env.list(), (error) => error.status === 401);
  });
});
