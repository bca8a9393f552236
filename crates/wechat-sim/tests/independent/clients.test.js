// Libraries written by others for the real WeChat sign in through the simulator, unchanged: only the hosts
// are pointed to it. Each also meets a code that was used before.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { Auth, skipCSRFCheck } from "@auth/core";
import AuthJsWeChat from "@auth/core/providers/wechat";
import { wechat as betterAuthWeChat } from "@better-auth/core/social-providers";

import { scanAndAllow, startSimulator, toSimulator } from "./simulator.js";

const require = createRequire(import.meta.url);
const PassportWeChat = require("passport-wechat").Strategy;

const site = "http://127.0.0.1:3000";
let simulator;
let app;

before(async () => {
  simulator = await startSimulator();
  const realFetch = globalThis.fetch;
  globalThis.fetch = (input, init) =>
    realFetch(input instanceof Request ? input : toSimulator(simulator.url, input), init);
  // The copy of urllib that the strategy's own WeChat client uses.
  const fromStrategy = createRequire(require.resolve("passport-wechat"));
  const urllib = createRequire(fromStrategy.resolve("wechat-oauth"))("urllib");
  const realRequest = urllib.request;
  urllib.request = (url, ...rest) => realRequest(toSimulator(simulator.url, url), ...rest);
  const state = await (await fetch(`${simulator.url}/_sim/state`)).json();
  app = state.apps[0];
});

after(() => simulator?.stop());

async function lastCall(endpoint) {
  const { requests } = await (await fetch(`${simulator.url}/_sim/state`)).json();
  return requests.filter((call) => call.endpoint === endpoint).at(-1);
}

test("Auth.js", async () => {
  const provider = AuthJsWeChat({ clientId: app.appid, clientSecret: app.secret, platformType: "WebsiteApp" });
  const errors = [];
  const logger = { error: (error) => errors.push(error), warn() {}, debug() {} };
  const config = { providers: [provider], secret: "not a secret", trustHost: true, basePath: "/auth", skipCSRFCheck, logger };
  const jar = new Map();
  const visit = async (url, init = {}) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await Auth(new Request(url, { ...init, headers: { ...init.headers, cookie } }), config);
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      jar.set(name, value);
    }
    return answer;
  };
  const started = await visit(`${site}/auth/signin/wechat`, { method: "POST" });
  const authorize = started.headers.get("location");
  assert.match(authorize, /^https:\/\/open\.weixin\.qq\.com\/connect\/qrconnect\?/);
  const stateCookies = new Map(jar);
  const callback = await scanAndAllow(simulator.url, authorize, "alice");
  const done = await visit(callback);
  assert.deepEqual(errors, []);
  assert.equal(done.headers.get("location"), site);
  const session = await (await visit(`${site}/auth/session`)).json();
  assert.equal(session.user.name, "Alice");
  assert.equal(session.user.image, `${simulator.url}/mmopen/vi_32/alice/132`);
  const call = await lastCall("access_token");
  assert.deepEqual([call.method, call.errcode], ["POST", 0], "it mixes a query and a form");

  jar.clear();
  for (const [name, value] of stateCookies) jar.set(name, value);
  const again = await visit(callback);
  assert.match(again.headers.get("location"), /error=/);
  assert.equal((await lastCall("access_token")).errcode, 40163);
});

test("passport-wechat (on wechat-oauth)", async () => {
  const run = (query) =>
    new Promise((resolve) => {
      const verify = (token, refresh, profile, expires, done) => done(null, { profile, expires });
      const options = { appID: app.appid, appSecret: app.secret, client: "web", callbackURL: `${site}/cb`, scope: "snsapi_login", state: "st-1" };
      const strategy = new PassportWeChat(options, verify);
      strategy.redirect = (url) => resolve({ url });
      strategy.success = (user) => resolve({ user });
      strategy.fail = (challenge) => resolve({ challenge });
      strategy.error = (error) => resolve({ error });
      const request = { _passport: {}, query, protocol: "http", get: () => "127.0.0.1:3000", originalUrl: "/cb", url: "/cb" };
      strategy.authenticate(request, {});
    });
  const { url } = await run({});
  assert.match(url, /^https:\/\/open\.weixin\.qq\.com\/connect\/qrconnect\?.*#wechat_redirect$/);
  const callback = new URL(await scanAndAllow(simulator.url, url, "zhangsan"));
  const query = Object.fromEntries(callback.searchParams);
  assert.equal(query.state, "st-1");
  const { user, error } = await run(query);
  assert.equal(error, undefined);
  assert.equal(user.profile.nickname, "张三🌟", "UTF-8 though nothing says so");
  assert.match(user.profile.unionid, /^o[\w-]{27}$/);
  assert.equal(user.expires, 7200);
  const again = await run(query);
  assert.match(again.error.message, /code been used/);
  assert.equal(again.error.code, 40163);
});

test("Better Auth", async () => {
  const provider = betterAuthWeChat({ clientId: app.appid, clientSecret: app.secret, lang: "en" });
  const url = provider.createAuthorizationURL({ state: "st-2", redirectURI: `${site}/api/auth/callback/wechat` });
  const callback = new URL(await scanAndAllow(simulator.url, url, "lilei"));
  const code = callback.searchParams.get("code");
  const tokens = await provider.validateAuthorizationCode({ code });
  assert.deepEqual(tokens.scopes, ["snsapi_login"]);
  assert.equal(tokens.unionid, undefined, "this person has none");
  const { user, data } = await provider.getUserInfo(tokens);
  assert.equal(user.name, "李雷");
  assert.equal(data.openid, tokens.openid);
  const renewed = await provider.refreshAccessToken(tokens.refreshToken);
  assert.equal(renewed.accessToken, tokens.accessToken, "not expired: the same one");
  await assert.rejects(provider.validateAuthorizationCode({ code }), /code been used/);
});
