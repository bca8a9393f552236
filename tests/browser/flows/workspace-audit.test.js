/** The workspace's page of the audit record: how it looks, how it is filtered, and its export. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { startBrowser, says } from "../support/browser.js";
import { keeper, languages, person, visit, without } from "../support/workspace.js";
import { startWorld } from "../support/world.js";

describe("the audit record", () => {
  let world, browser;
  before(async () => {
    [world, browser] = await Promise.all([startWorld(), startBrowser()]);
    await world.api.admin("cities/create", { city_id: "city_bazaar", name: "Bazaar" });
    const lists = { allowed_origins: ["https://bazaar.example.com", "https://www.bazaar.example.com"], name: "Grand Bazaar" };
    await world.api.admin("cities/update", { city_id: "city_bazaar", ...lists });
    await world.api.admin("env/upsert", { key: "GITHUB_CLIENT_SECRET", value: "0123456789abcdef0123456789abcdef" });
    await world.api.admin("env/remove", { key: "GITHUB_CLIENT_SECRET" });
    await world.api.admin("admin-keys/create", { name: "Li Lei", role: "operator", ttl: "90d" });
  });
  after(async () => {
    await browser?.close();
    await world?.stop();
  });

  for (const [lang, locale] of Object.entries(languages)) {
    test(`in ${lang}`, async () => {
      const who = await person(browser, { locale });
      const page = await keeper(who, world);
      await visit(page, world, "/admin/audit", lang, "audit");
      await visit(page, world, "/admin/audit?subject=city_bazaar", lang, "audit-filtered");
      await visit(page, world, "/admin/audit?subject=nothing", lang, "audit-none");
      who.calm();
    });
  }

  test("who, what and what changed lead on, and the export has the same entries", async () => {
    const who = await person(browser);
    const page = await keeper(who, world);
    await page.goto(`${world.federation_url}/admin/audit`);
    await page.click("a:has-text('city.changed')");
    await page.waitForURL("**action=city.changed");
    await says(page, ".changes del", "Bazaar");
    await says(page, ".changes ins", "Grand Bazaar");
    const [file] = await Promise.all([page.waitForEvent("download"), page.click(".head a[download]")]);
    assert.equal(file.suggestedFilename(), "audit.ndjson");
    const lines = readFileSync(await file.path(), "utf8").trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(lines.map(({ action, subject }) => [action, subject]), [["city.changed", "city_bazaar"]]);
    who.calm();
  });

  test("it is filtered without scripts", async () => {
    const page = await keeper(await without(browser), world);
    await page.goto(`${world.federation_url}/admin/audit`);
    await page.selectOption("#action", "env");
    await page.fill("#subject", "GITHUB_CLIENT_SECRET");
    await page.fill("#since", new Date().toISOString().slice(0, 10));
    await page.click(".filter button");
    await page.waitForURL("**subject=GITHUB_CLIENT_SECRET**");
    assert.equal(await page.locator("table.record tbody tr").count(), 2);
  });
});
