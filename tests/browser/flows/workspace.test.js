/**
 * The web workspace against the running binary: every page in both languages, on a phone and on a desktop, in light and
 * dark, with pictures in `artifacts/`; and what people do there, with scripts and without.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { startBrowser, says } from "../support/browser.js";
import { look } from "../support/look.js";
import { here, startWorld } from "../support/world.js";
import { keeper, languages, person, traffic, visit, without } from "../support/workspace.js";

const SECRET = "0123456789abcdef0123456789abcdef";

test("htmx is the file of its npm package, unchanged", () => {
  const digest = (path) => createHash("sha512").update(readFileSync(path)).digest("hex");
  const released = createRequire(import.meta.url).resolve("htmx.org/dist/htmx.min.js");
  const ours = resolve(here, "../../crates/http/assets/workspace/htmx.min.js");
  assert.equal(digest(ours), digest(released));
  const own = readFileSync(resolve(here, "../../crates/http/assets/workspace/workspace.js"));
  assert.ok(own.length <= 5 * 1024, `our own script has ${own.length} bytes`);
});

for (const [lang, locale] of Object.entries(languages)) {
  describe(`the workspace in ${lang}`, () => {
    let world, browser, who, page;
    before(async () => {
      [world, browser] = await Promise.all([startWorld(), startBrowser()]);
      who = await person(browser, { locale });
    });
    after(async () => {
      await browser?.close();
      await world?.stop();
    });

    test("signing in", async () => {
      page = await who.open(`${world.federation_url}/admin/env`);
      await look(page, `${lang}-workspace-sign-in`);
      await page.fill("#key", "ak_wrong");
      await page.click("main button.primary");
      await page.waitForSelector("#problem");
      await look(page, `${lang}-workspace-sign-in-wrong`);
      await page.fill("#key", world.admin_key);
      await page.click("main button.primary");
      await page.waitForURL("**/admin/env");
      who.calm(/sign-in: .* 401/);
    });

    test("pages", async () => {
      await traffic(world, browser);
      await visit(page, world, "/admin", lang, "overview");
      await visit(page, world, "/admin/providers", lang, "providers");
      await visit(page, world, "/admin/checks", lang, "checks");
      await visit(page, world, "/admin/env", lang, "env");
      await visit(page, world, "/admin/env/setting?key=WECHAT_CLIENT_SECRET", lang, "env-setting");
      await visit(page, world, "/admin/env/history", lang, "env-history");
      await visit(page, world, "/admin/env/import", lang, "env-import");
      await page.fill("#raw", `# from the console\nWECHAT_CLIENT_ID=${SECRET}\nGITHUB_CLIENT_SECRET="${SECRET}"\nlower=1\nno equals`);
      await page.click("main button.primary");
      await page.waitForSelector("td .badge");
      await look(page, `${lang}-workspace-env-preview`);
      const missing = await page.goto(`${world.federation_url}/admin/nowhere`);
      assert.equal(missing.status(), 404);
      await look(page, `${lang}-workspace-missing`);
      who.calm(/sign-in: .* 401/, /nowhere: .* 404/);
    });
  });
}

describe("what an admin does", () => {
  let world, browser;
  before(async () => {
    [world, browser] = await Promise.all([startWorld(), startBrowser()]);
  });
  after(async () => {
    await browser?.close();
    await world?.stop();
  });

  test("a .env text is looked at and taken, and a search finds its settings", async () => {
    const who = await person(browser);
    const page = await keeper(who, world);
    await page.goto(`${world.federation_url}/admin/env/import`);
    await page.fill("#raw", `GITHUB_CLIENT_ID=Iv1.0123456789abcdef\nGITHUB_CLIENT_SECRET=${SECRET}`);
    await page.click("main button.primary");
    await says(page, "tbody tr", "GITHUB_CLIENT_SECRET");
    assert.ok(!(await page.content()).includes(SECRET), "the secret does not come back");
    await page.click("main form[action='/admin/env/import'] button");
    await says(page, ".flash.good", "2 settings are set");
    await page.reload();
    assert.equal(await page.locator(".flash").count(), 0, "it is said once");
    await page.fill("#q", "github_client_secret");
    await page.waitForFunction(() => document.querySelectorAll("#parts tbody tr").length === 1);
    await says(page, "#parts tbody tr", "••••cdef");
    who.calm();
  });

  test("a provider is checked beside its card, and switched off and on", async () => {
    const who = await person(browser);
    const page = await keeper(who, world);
    await page.goto(`${world.federation_url}/admin/providers`);
    await page.click("#wechat form[action='/admin/checks'] button");
    await page.waitForSelector("#found-wechat .findings li");
    assert.equal(new URL(page.url()).pathname, "/admin/providers", "only a part of the page came");
    await look(page, "en-workspace-providers-checked");
    await page.click("#wechat form[action='/admin/providers/switch'] button");
    await says(page, ".flash.good", "Switched off");
    await says(page, "#wechat .badge", "switched off");
    await page.click("#wechat form[action='/admin/providers/switch'] button");
    await says(page, "#wechat .badge", "enabled");
    await who.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.click("#wechat button[data-copy='127.0.0.1']");
    await says(page, "#wechat button[data-copy='127.0.0.1']", "Copied");
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "127.0.0.1");
    who.calm();
  });

  test("a setting is removed only when its name was typed", async () => {
    const who = await person(browser);
    const page = await keeper(who, world);
    await page.goto(`${world.federation_url}/admin/env/setting?key=WECHAT_CLIENT_SECRET`);
    const button = page.locator("[data-confirmed]");
    assert.ok(await button.isDisabled());
    await page.fill("#confirm", "WECHAT_CLIENT_ID");
    assert.ok(await button.isDisabled());
    await page.fill("#confirm", "WECHAT_CLIENT_SECRET");
    await button.click();
    await says(page, ".flash.good", "WECHAT_CLIENT_SECRET is removed");
    await page.goto(`${world.federation_url}/admin/env/setting?key=WECHAT_CLIENT_SECRET`);
    await says(page, "td code", "env.removed");
    who.calm();
  });

  test("everything works without scripts", async () => {
    const page = await keeper(await without(browser), world);
    assert.equal(await page.locator("html.scripts").count(), 0, "scripts are off");
    await page.goto(`${world.federation_url}/admin/env?q=google`);
    assert.equal(await page.locator("#parts tbody tr").count() > 0, true);
    await page.goto(`${world.federation_url}/admin/env/setting?key=GOOGLE_CLIENT_ID`);
    await page.fill("#value", "123.apps.googleusercontent.com");
    await page.press("#value", "Enter");
    await page.locator(".flash.good").waitFor();
    await page.goto(`${world.federation_url}/admin/env/setting?key=GOOGLE_CLIENT_ID`);
    await page.fill("#confirm", "GOOGLE_CLIENT_ID");
    await page.press("#confirm", "Enter");
    await page.locator(".flash.good").waitFor();
  });

  test("light and dark, language, and signing out", async () => {
    const who = await person(browser);
    const page = await keeper(who, world);
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await paper();
    await page.click(".side .wide button[value=dark]");
    await page.waitForSelector("html[data-theme=dark]");
    assert.notEqual(await paper(), light);
    await page.click(".side .wide button[value=zh]");
    await page.waitForSelector("html[lang=zh-CN][data-theme=dark]");
    await page.click(".side .wide .who button");
    await page.waitForURL("**/admin/sign-in");
    await page.goBack();
    await page.reload();
    await page.waitForURL("**/admin/sign-in**");
    who.calm();
  });

  test("a phone has its menu, and the skip link leads to the content", async () => {
    const who = await person(browser, { viewport: { width: 375, height: 740 } });
    const page = await keeper(who, world);
    assert.ok(!(await page.locator(".side .narrow nav").isVisible()));
    await page.click(".side summary");
    await look(page, "en-workspace-menu", { viewports: { phone: { width: 375, height: 740 } } });
    await page.click(".side .narrow nav a[href='/admin/env']");
    await page.waitForURL("**/admin/env");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    who.calm();
  });
});
