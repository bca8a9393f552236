/** Every call of the accounts service, by the client, against the real program: none may be left out. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { City, CityError } from "@downcity/city";
import { document } from "../scripts/generate.mjs";
import { federation, mailbox, skip } from "./support/real.js";

/** Pages and addresses that browsers open, and a stream of events; no calls of a program. */
const PAGES =
  /^\/v1\/accounts\/(email\/(open|confirm|reset|enter|end-session|change\/confirm)|oauth\/(callback|confirm|outcome|events))$/;
const PASSWORD = "correct horse battery";

const fails = (code, status) => (error) => {
  assert.ok(error instanceof CityError, String(error));
  assert.deepEqual([error.code, error.status], [code, status]);
  return true;
};

describe("the accounts service, whole", { skip }, () => {
  const called = new Set();
  const real = globalThis.fetch;
  let fed, mail, guest, admin;

  before(async () => {
    globalThis.fetch = (url, init) => {
      called.add(`${init?.method ?? "GET"} ${new URL(url).pathname}`);
      return real(url, init);
    };
    // One after the other: whichever has started is stopped when the other can't.
    mail = await mailbox();
    fed = await federation();
    guest = fed.guest();
    admin = fed.admin();
    await admin.env.upsert({ key: "SMTP_URL", value: mail.url });
    await admin.env.upsert({ key: "MAIL_FROM", value: "Demo <no-reply@example.com>" });
  });
  after(async () => {
    globalThis.fetch = real;
    await Promise.all([fed?.close(), mail?.close()]);
  });

  const accounts = (city) => city.service("accounts");
  const post = (city, action, body) => accounts(city).action(action).invoke(body);

  async function registered(email) {
    assert.deepEqual(await post(guest, "register", { email, password: PASSWORD, name: "李雷" }), { success: true });
    return guest.asUser(await post(guest, "verify-email", { token: await mail.token() }));
  }

  test("an address: register, verify, sign in, forget, reset, change", async () => {
    const user = await registered("lilei@example.com");
    assert.equal((await user.me()).profile.email, "lilei@example.com");
    await assert.rejects(guest.signInWithPassword("lilei@example.com", "wrong horse"), fails("wrong_credentials", 401));
    const again = await guest.signInWithPassword("LiLei@example.com", PASSWORD);
    assert.equal(again.user_id, user.user_id);
    assert.ok(again.expires_at && again.city_id);

    await post(guest, "password/forgot", { email: "lilei@example.com" });
    await post(guest, "password/reset", { token: await mail.token(), password: "another horse battery" });
    assert.match((await mail.next()).to, /lilei/, "the owner is told");
    await assert.rejects(again.me(), fails("invalid_token", 401));
    const third = await guest.signInWithPassword("lilei@example.com", "another horse battery");
    await post(third, "password/change", { current_password: "another horse battery", password: PASSWORD });
    assert.match((await mail.next()).to, /lilei/);
    assert.ok(await third.me(), "the session that changed it stays");
  });

  test("sessions: mine, one of them, all others", async () => {
    const [first, second, third] = [await fed.signIn("alice"), await fed.signIn("alice"), await fed.signIn("alice")];
    const { items } = await accounts(third).get("sessions/mine");
    assert.equal(items.length, 3);
    assert.deepEqual(items.map((item) => item.current), [true, false, false]);
    await post(third, "sessions/revoke", { session_id: items[2].session_id });
    await assert.rejects(first.me(), fails("invalid_token", 401));
    assert.equal((await post(third, "sessions/revoke-others")).count, 1);
    await assert.rejects(second.me(), fails("invalid_token", 401));
  });

  test("ways in: list, link, unlink", async () => {
    const user = await registered("hanmeimei@example.com");
    const open = (url, { state }) => fed.browse(url, state, "zhangsan");
    const linked = await user.link("wechat", { open, signal: AbortSignal.timeout(30_000) });
    assert.equal(linked.user_id, user.user_id);
    assert.equal(!!linked.refresh_token, !!user.refresh_token, "a refresh token where the old one had one");
    assert.equal((await fed.signIn("zhangsan")).user_id, user.user_id, "it leads to the same account");
    const { items } = await accounts(linked).get("identities");
    assert.deepEqual(items.map((item) => item.provider).sort(), ["email", "wechat"]);
    await assert.rejects(user.me(), fails("invalid_token", 401), "the linked one took its place");
    await post(linked, "identities/unlink", { identity_id: items.find((item) => item.provider === "wechat").identity_id });
    const last = { identity_id: items.find((item) => item.provider === "email").identity_id };
    await assert.rejects(post(linked, "identities/unlink", last), fails("last_identity", 409));

    await fed.signIn("zhangsan");
    await assert.rejects(linked.link("wechat", { open }), (error) => error.code === "identity_taken");
    let shown;
    const storage = new Map();
    const store = { getItem: (k) => storage.get(k) ?? null, setItem: (k, v) => storage.set(k, v), removeItem: (k) => storage.delete(k) };
    const redirect = { return_to: "https://app.example.com/back", open: (url) => (shown = url), storage: store };
    await assert.rejects(linked.linkRedirect("wechat", redirect), fails("invalid_field", 400), "that address is not allowed");
    assert.equal(shown, undefined);
  });

  test("one's own account: profile, export, leaving", async () => {
    const user = await registered("leaver@example.com");
    const edited = await post(user, "profile/update", { display_name: "Li", bio: "hello", locale: "zh-CN" });
    assert.equal(edited.profile.display_name, "Li");
    const held = await accounts(user).get("export");
    assert.deepEqual([held.user.bio, held.identities.length], ["hello", 1]);
    await assert.rejects(post(user, "delete", { user_id: "somebody" }), fails("invalid_field", 400));
    const { delete_at } = await post(user, "delete", { user_id: user.user_id });
    assert.ok(Date.parse(delete_at));
    await assert.rejects(user.me(), fails("invalid_token", 401));
  });

  test("an admin: users, sessions, events, merging", async () => {
    const [one, two] = [await registered("one@example.com"), await registered("two@example.com")];
    const page = await accounts(admin).get("users", { q: "one@example.com" });
    assert.equal((await accounts(admin).get("users/one", { user_id: one.user_id })).user.user_id, one.user_id);
    assert.ok(Array.isArray((await accounts(admin).get("attempts", { status: "failed" })).items));
    const overview = await admin.service("federation").get("overview", { hours: 24 });
    assert.equal(overview.series.length, 24);
    const cards = (await admin.service("providers").get("list")).items;
    assert.equal(cards.find((card) => card.id === "email").status, "enabled");
    assert.deepEqual(page.items.map((item) => item.user_id), [one.user_id]);
    const sessions = await accounts(admin).get("sessions", { user_id: one.user_id, status: "active" });
    await post(admin, "sessions/admin-revoke", { session_id: sessions.items[0].session_id });
    await assert.rejects(one.me(), fails("invalid_token", 401));
    await post(admin, "users/disable", { user_id: one.user_id });
    await assert.rejects(guest.signInWithPassword("one@example.com", PASSWORD), CityError);
    await post(admin, "users/enable", { user_id: one.user_id });
    const merge = { from: one.user_id, into: two.user_id };
    assert.equal((await post(admin, "users/merge", { ...merge, preview: true })).merged, false);
    assert.equal((await post(admin, "users/merge", merge)).merged, true);
    const { items } = await accounts(admin).get("events", { user_id: two.user_id, limit: 5 });
    assert.ok(items.some((item) => item.type === "user.merged"), JSON.stringify(items));
    await post(admin, "users/delete", { user_id: two.user_id });
    await assert.rejects(two.me(), fails("invalid_token", 401));
    await assert.rejects(accounts(guest).get("users"), fails("authentication_required", 401));
  });

  /** The code in the next mail. */
  const code = async () => (await mail.next()).text.match(/\b\d{4} ?\d{4}\b/)[0];

  test("a mailed code; in steps; another address; local names", async () => {
    const { login_id } = await post(guest, "email/start", { email: "coder@example.com" });
    const user = guest.asUser(await post(guest, "email/finish", { login_id, code: await code() }));
    assert.equal((await user.me()).profile.email, "coder@example.com");

    const step = await post(guest, "login/start", { provider: "email" });
    assert.equal(step.status, "input_required");
    let next = await post(guest, "login/continue", { login_id: step.login_id, input: { email: "coder@example.com" } });
    assert.ok(next.inputs.some((input) => input.name === "code"), JSON.stringify(next));
    next = await post(guest, "login/continue", { login_id: next.login_id, input: { code: await code() } });
    assert.equal(next.status, "done");
    assert.equal(next.user_id, user.user_id);
    const redirect = await post(guest, "login/start", { provider: "wechat" });
    assert.equal(redirect.status, "redirect_required");
    const waiting = await accounts(guest).get("login/result", { login_id: redirect.login_id });
    assert.equal(waiting.status, "pending");

    await post(user, "email/change", { email: "coder2@example.com" });
    assert.match((await mail.next()).to, /coder2?@example.com/);
    // Only a Federation started for it has names without proof.
    await assert.rejects(post(guest, "local/login", { name: "lilei" }), CityError);
  });

  test("refresh tokens, and what a token is worth", async () => {
    const user = await fed.guest().signIn("wechat", {
      refresh: true,
      open: (url, { state }) => fed.browse(url, state, "alice"),
      signal: AbortSignal.timeout(30_000),
    });
    assert.ok(user.refresh_token);
    const fresh = await user.refresh();
    assert.equal(fresh.user_id, user.user_id);
    assert.notEqual(fresh.refresh_token, user.refresh_token);
    assert.equal((await post(admin, "token/introspect", { token: fresh.user_token })).active, true);
    assert.equal((await post(admin, "token/introspect", { token: "ub_x" })).active, false);
    const third = await fresh.refresh();
    await assert.rejects(user.refresh(), (error) => error instanceof CityError && error.status === 401);
    await assert.rejects(third.me(), fails("invalid_token", 401), "one that comes again ends the session");
    await assert.rejects(guest.refresh(), TypeError);
  });

  test("the rest, and nothing is left out", async () => {
    await accounts(guest).get("providers");
    const user = await fed.signIn("lilei");
    await user.logout();
    const { paths } = JSON.parse(readFileSync(document, "utf8"));
    const all = Object.entries(paths)
      .filter(([path]) => path.startsWith("/v1/accounts/") && !PAGES.test(path))
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
    assert.ok(all.length >= 28, `${all.length} calls`);
    assert.deepEqual(all.filter((call) => !called.has(call)), [], "calls that no test makes");
  });
});
