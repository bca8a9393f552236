/** The workspace's page of sign-in attempts: how it looks, how it is filtered, how it keeps itself up to date. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startBrowser, says } from "../support/browser.js";
import { look } from "../support/look.js";
import { startElsewhere } from "../support/steps.js";
import { keeper, languages, person, traffic, visit, without } from "../support/workspace.js";
import { startWorld } from "../support/world.js";

describe("sign-in attempts", () => {
  let world, browser;
  before(async () => {
    [world, browser] = await Promise.all([startWorld(), startBrowser()]);
  });
  after(async () => {
    await browser?.close();
    await world?.stop();
  });

  test("without any, and then in both languages", async () => {
    const who = await person(browser);
    const page = await keeper(who, world);
    await visit(page, world, "/admin/attempts", "en", "attempts-none");
    await traffic(world, browser);
    await who.context.close();
    for (const [lang, locale] of Object.entries(languages)) {
      const who = await person(browser, { locale });
      const page = await keeper(who, world);
      await visit(page, world, "/admin/attempts", lang, "attempts");
      await page.click("tr:has(.badge.bad) a");
      await page.waitForURL("**/admin/attempts/*");
      await look(page, `${lang}-workspace-attempt`);
      assert.equal((await page.goto(`${world.federation_url}/admin/attempts/nothing`)).status(), 404);
      await look(page, `${lang}-workspace-attempt-gone`);
      who.calm(/nothing: .* 404/);
    }
  });

  test("a choice narrows the list in place, and the address says so", async () => {
    const who = await person(browser);
    const page = await keeper(who, world);
    await page.goto(`${world.federation_url}/admin/attempts`);
    await page.focus("#status");
    await page.selectOption("#status", "failed");
    await page.waitForFunction(() => document.querySelectorAll("#list tbody tr").length === 1);
    await says(page, "#list tbody tr", "40125");
    await page.waitForURL("**/admin/attempts?*status=failed*");
    assert.equal(await page.evaluate(() => document.activeElement.id), "status", "the focus stays where it was");
    await page.reload();
    assert.equal(await page.locator("#list tbody tr").count(), 1);
    await page.click(".filter a.button");
    await page.waitForURL("**/admin/attempts");
    who.calm();
  });

  test("the list keeps itself up to date until that is switched off", async () => {
    const who = await person(browser);
    const page = await keeper(who, world);
    await page.clock.install();
    await page.goto(`${world.federation_url}/admin/attempts`);
    const rows = () => page.locator("#list tbody tr").count();
    const count = await rows();
    await startElsewhere(world);
    await page.clock.runFor(11_000);
    await page.waitForFunction((count) => document.querySelectorAll("#list tbody tr").length === count + 1, count);
    await page.uncheck("[data-live]");
    await startElsewhere(world);
    await page.clock.runFor(60_000);
    await page.waitForTimeout(500);
    assert.equal(await rows(), count + 1, "switched off");
    await page.check("[data-live]");
    await page.focus("#list tbody a");
    await page.clock.runFor(11_000);
    await page.waitForTimeout(500);
    assert.equal(await rows(), count + 1, "somebody is in the list with the keyboard");
    await page.focus("#status");
    await page.clock.runFor(11_000);
    await page.waitForFunction((count) => document.querySelectorAll("#list tbody tr").length === count + 2, count);
    who.calm();
  });

  test("it is filtered without scripts", async () => {
    const page = await keeper(await without(browser), world);
    await page.goto(`${world.federation_url}/admin/attempts`);
    assert.ok(!(await page.locator(".live").isVisible()), "what needs scripts is not offered");
    await page.selectOption("#failure", "provider_misconfigured");
    await page.click(".filter button");
    await page.waitForURL("**failure=provider_misconfigured**");
    assert.equal(await page.locator("#list tbody tr").count(), 1);
  });
});
