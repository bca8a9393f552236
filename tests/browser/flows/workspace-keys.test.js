/** The workspace's page of keys: how it looks, and keys made, given another secret and revoked; sessions; signing keys. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startBrowser, says } from "../support/browser.js";
import { look } from "../support/look.js";
import { keeper, languages, person, visit, without } from "../support/workspace.js";
import { startWorld } from "../support/world.js";

/** The key that a page shows once. */
const shown = (page) => page.textContent(".secret code");

for (const [lang, locale] of Object.entries(languages)) {
  test(`keys in ${lang}`, async () => {
    const [world, browser] = await Promise.all([startWorld(), startBrowser()]);
    try {
      const made = await world.api.admin("admin-keys/create", { name: "Li Lei", role: "operator", ttl: "90d" });
      const gone = await world.api.admin("admin-keys/create", { name: "韩梅梅", role: "viewer" });
      await world.api.admin("admin-keys/revoke", { key_id: gone.key_id });
      await keeper(await person(browser), world, made.admin_key);
      const who = await person(browser, { locale });
      const page = await keeper(who, world);
      await visit(page, world, "/admin/keys", lang, "keys");
      await page.locator("#signing").scrollIntoViewIfNeeded();
      await look(page, `${lang}-workspace-keys-signing`);
      await visit(page, world, `/admin/keys/${made.key_id}`, lang, "key");
      await page.click("form[action='/admin/keys/rotate'] button");
      await page.locator(".secret").waitFor();
      await look(page, `${lang}-workspace-key-made`);
      await page.goto(`${world.federation_url}/admin/keys`);
      await page.click("tr:has(.badge) th a");
      await page.locator("a[href='/admin/keys#new']").waitFor();
      await look(page, `${lang}-workspace-key-own`);
      who.calm();
      const viewer = await world.api.admin("admin-keys/create", { name: "Looker", role: "viewer" });
      const looker = await keeper(await person(browser, { locale }), world, viewer.admin_key);
      await visit(looker, world, "/admin/keys", lang, "keys-viewer");
    } finally {
      await browser.close();
      await world.stop();
    }
  });
}

describe("what an owner does with keys", () => {
  let world, browser;
  before(async () => {
    [world, browser] = await Promise.all([startWorld(), startBrowser()]);
  });
  after(async () => {
    await browser?.close();
    await world?.stop();
  });

  test("a key is made, copied, used, given another secret, and revoked by its name", async () => {
    const who = await person(browser);
    await who.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const page = await keeper(who, world);
    await page.goto(`${world.federation_url}/admin/keys`);
    await page.fill("#name", "Li Lei");
    await page.click("main form[action='/admin/keys/create'] button");
    const key = await shown(page);
    await page.click(".secret [data-copy]");
    await says(page, ".secret [data-copy]", "Copied");
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), key);
    const other = await person(browser);
    const theirs = await keeper(other, world, key);
    await page.click("main a.primary");
    await says(page, "section[aria-labelledby=sessions] th", "Li Lei");
    await page.click("section[aria-labelledby=sessions] tr:has-text('Li Lei') button");
    await says(page, ".flash.good", "The session is over");
    await theirs.reload();
    await theirs.waitForURL("**/admin/sign-in**");
    await page.click("section[aria-labelledby=admin-keys] a:has-text('Li Lei')");
    await page.click("form[action='/admin/keys/rotate'] button");
    await page.locator(".secret").waitFor();
    assert.notEqual(await shown(page), key);
    await page.click("a:has-text('About this key')");
    const revoke = page.locator("form[action='/admin/keys/revoke'] button");
    assert.ok(await revoke.isDisabled());
    await page.fill("#confirm", "Li Lei");
    await revoke.click();
    await says(page, ".flash.good", "Li Lei is revoked");
    who.calm();
    other.calm();
  });

  test("a signing key is followed by the next, and taken out in an emergency", async () => {
    const page = await keeper(await without(browser), world);
    await page.goto(`${world.federation_url}/admin/keys`);
    await page.click("form[action='/admin/keys/signing/rotate'] button");
    await page.locator(".flash.good").waitFor();
    assert.equal(await page.locator("section[aria-labelledby=signing] tbody tr").count(), 2);
    const out = page.locator("details.out").nth(1);
    await out.locator("summary").click();
    await out.locator("input[name=confirm]").fill(await out.locator("label code").textContent());
    await out.locator("button").click();
    await says(page, ".flash.good", "The signing key is out");
  });
});
