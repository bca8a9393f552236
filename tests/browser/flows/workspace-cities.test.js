/** Cities in the workspace: their pages as people see them, and what an admin does there. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { says, startBrowser } from "../support/browser.js";
import { look } from "../support/look.js";
import { startWorld } from "../support/world.js";
import { keeper, languages, person, visit, without } from "../support/workspace.js";

const SECRET = "0123456789abcdef0123456789abcdef";

/** A city with something in every field. */
async function shop(world) {
  await world.api.admin("cities/create", {
    city_id: "city_shop", name: "Lantern Shop 灯笼铺", confirm: "always",
    allowed_origins: ["https://shop.example.com", "http://127.0.0.1:3000"],
    allowed_redirects: ["https://shop.example.com/signed-in?from=wechat"],
  });
  await world.api.admin("cities/env/upsert", { city_id: "city_shop", key: "WECHAT_CLIENT_ID", value: "wxcccccccccccccccc" });
  await world.api.admin("providers/disable", { provider: "wechat", city_id: "city_shop" });
}

for (const [lang, locale] of Object.entries(languages)) {
  test(`the pages of cities in ${lang}`, async () => {
    const [world, browser] = await Promise.all([startWorld(), startBrowser()]);
    try {
      const who = await person(browser, { locale });
      const page = await keeper(who, world);
      await shop(world);
      await visit(page, world, "/admin/cities", lang, "cities");
      await page.click("#new-label");
      await look(page, `${lang}-workspace-cities-new`);
      await visit(page, world, "/admin/cities/city_shop", lang, "city");
      for (const part of ["origins", "ways", "app", "history", "end"]) {
        await page.locator(`#${part}`).scrollIntoViewIfNeeded();
        await page.evaluate((id) => document.getElementById(id).scrollIntoView(), part);
        await look(page, `${lang}-workspace-city-${part}`);
      }
      await page.fill("#origins", "https://shop.example.com/path\nhttps://fine.example.com\nshop");
      await page.fill("#redirects", "http://shop.example.com/in");
      await page.locator("form:has(#origins) button.primary").click();
      await page.waitForSelector("#origins-problem");
      assert.equal(await page.locator("#origins-problem li").count(), 2);
      await page.evaluate(() => document.getElementById("name").scrollIntoView());
      await look(page, `${lang}-workspace-city-problems`);
      await visit(page, world, "/admin/cities/city_shop/remove", lang, "city-remove");
      await visit(page, world, "/admin/cities/city_shop/token", lang, "city-token");
      await page.fill("#user_id", "crm-4711");
      await page.fill("#metadata", '{"plan": "pro"}');
      await page.click("main form button.primary");
      await page.waitForSelector(".token");
      await look(page, `${lang}-workspace-city-token-issued`);
      who.calm(/city_shop: .* 422/);
    } finally {
      await browser.close();
      await world.stop();
    }
  });
}

describe("what an admin does with cities", () => {
  let world, browser;
  before(async () => {
    [world, browser] = await Promise.all([startWorld(), startBrowser()]);
  });
  after(async () => {
    await browser?.close();
    await world?.stop();
  });

  test("a city is made, its own app set, a way in switched, and removed when its id was typed", async () => {
    const who = await person(browser);
    const page = await keeper(who, world);
    await page.goto(`${world.federation_url}/admin/cities`);
    await page.click("#new-label");
    await page.fill("#name", "Tea House");
    await page.fill("#city_id", "city_tea");
    await page.fill("#origins", "https://tea.example.com");
    await page.check("input[name=confirm][value=always]");
    await page.locator("#new button.primary").click();
    await page.waitForURL("**/admin/cities/city_tea");
    await says(page, ".flash.good", "The city is there");
    assert.ok(await page.isChecked("input[value=always]"));

    await page.fill("#WECHAT_CLIENT_ID", "wxdddddddddddddddd");
    await page.fill("#WECHAT_CLIENT_SECRET", SECRET);
    await page.getByRole("button", { name: "Save the app" }).click();
    await says(page, ".flash.good", "2 settings are set");
    assert.ok(!(await page.content()).includes(SECRET), "the secret does not come back");
    await says(page, "#WECHAT_CLIENT_SECRET-hint", "••••cdef");

    await page.getByRole("button", { name: "Switch off WeChat" }).click();
    await says(page, ".flash.good", "Switched off in this city");
    const offered = await world.api.get("accounts/providers", { city_id: "city_tea" });
    assert.ok(!JSON.stringify(offered).includes('"wechat"'));

    await page.click("a.danger");
    await page.waitForURL("**/city_tea/remove");
    const button = page.locator("[data-confirmed]");
    assert.ok(await button.isDisabled());
    await page.fill("#confirm", "city_te");
    assert.ok(await button.isDisabled());
    await page.fill("#confirm", "city_tea");
    await button.click();
    await says(page, ".flash.good", "city_tea is removed");
    who.calm();
  });

  test("a token is shown once and copied", async () => {
    const who = await person(browser);
    const page = await keeper(who, world);
    await who.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.goto(`${world.federation_url}/admin/cities/${world.city_id}/token`);
    await page.fill("#user_id", "crm-4711");
    await page.click("main form button.primary");
    await page.click(".token button");
    await says(page, ".token button", "Copied");
    const token = await page.evaluate(() => navigator.clipboard.readText());
    const answer = await fetch(`${world.federation_url}/v1/accounts/me`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal((await answer.json()).user.user_id, "crm-4711");
    await page.click("a.primary");
    assert.ok(!(await page.content()).includes(token), "never again");
    who.calm();
  });

  test("all of it works without scripts", async () => {
    const page = await keeper(await without(browser), world);
    await page.goto(`${world.federation_url}/admin/cities`);
    await page.click("#new-label");
    await page.fill("#name", "Plain");
    await page.fill("#city_id", "city_plain");
    await page.press("#city_id", "Enter");
    await page.waitForURL("**/admin/cities/city_plain");
    await page.getByRole("button", { name: "Pause" }).click();
    await says(page, ".flash.good", "Paused");
    await page.click("a.danger");
    await page.fill("#confirm", "something");
    await page.press("#confirm", "Enter");
    await says(page, ".flash.bad", "Nothing was changed");
    await page.fill("#confirm", "city_plain");
    await page.press("#confirm", "Enter");
    await says(page, ".flash.good", "city_plain is removed");
  });
});
