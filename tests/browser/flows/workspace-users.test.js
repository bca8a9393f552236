/** Users in the workspace: their pages as people see them, and what an admin does there. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { says, startBrowser } from "../support/browser.js";
import { look } from "../support/look.js";
import { answer, pressWeChat, signedIn } from "../support/steps.js";
import { startWorld } from "../support/world.js";
import { keeper, languages, person, visit, without } from "../support/workspace.js";

/** Somebody signs in with WeChat, as people do; gives their id. */
async function withWeChat(browser, world, locale) {
  const who = await person(browser, { locale });
  const { product, qr } = await pressWeChat(who, world);
  await answer(qr, "allow");
  await product.waitForFunction(() => document.body.innerText.includes("张三"));
  await who.context.close();
  const headers = { authorization: `Bearer ${world.admin_key}` };
  const found = await fetch(`${world.federation_url}/v1/accounts/users?provider=wechat`, { headers });
  return (await found.json()).items[0].user_id;
}

for (const [lang, locale] of Object.entries(languages)) {
  test(`the pages of users in ${lang}`, async () => {
    const [world, browser] = await Promise.all([startWorld(), startBrowser()]);
    try {
      const id = await withWeChat(browser, world, locale);
      const { user_id: other } = await signedIn(world, "lilei");
      await world.api.admin("accounts/users/disable", { user_id: (await signedIn(world, "hanmeimei")).user_id });
      const who = await person(browser, { locale });
      const page = await keeper(who, world);
      await visit(page, world, "/admin/users", lang, "users");
      await visit(page, world, "/admin/users?q=nobody", lang, "users-none");
      await visit(page, world, `/admin/users/${id}`, lang, "user");
      for (const part of ["ways", "sessions", "events", "access"]) {
        await page.evaluate((name) => document.getElementById(name).scrollIntoView(), part);
        await look(page, `${lang}-workspace-user-${part}`);
      }
      await visit(page, world, `/admin/users/${id}/merge`, lang, "user-merge");
      await visit(page, world, `/admin/users/${id}/merge?from=${other}`, lang, "user-merge-preview");
      await page.evaluate(() => document.getElementById("moves").scrollIntoView());
      await look(page, `${lang}-workspace-user-merge-moves`);
      who.calm();
    } finally {
      await browser.close();
      await world.stop();
    }
  });
}

describe("what an admin does with users", () => {
  let world, browser;
  before(async () => {
    [world, browser] = await Promise.all([startWorld(), startBrowser()]);
    for (let number = 0; number < 53; number += 1) await signedIn(world, `person${100 + number}`);
  });
  after(async () => {
    await browser?.close();
    await world?.stop();
  });

  const names = (page) => page.locator("#found tbody th a").allInnerTexts();

  test("the list follows what is typed, and its pages are turned forth and back", async () => {
    const who = await person(browser);
    const page = await keeper(who, world);
    await page.goto(`${world.federation_url}/admin/users`);
    const first = await names(page);
    assert.equal(first.length, 50);
    await page.click("a[rel=next]");
    await page.waitForURL("**cursor=**");
    assert.equal((await names(page)).length, 3);
    await page.click("a[rel=prev]");
    await page.waitForURL("**newer=**");
    assert.deepEqual(await names(page), first);
    await page.fill("#q", "person13");
    await page.waitForFunction(() => document.querySelectorAll("#found tbody tr").length === 10);
    await page.selectOption("#status", "disabled");
    await page.waitForURL("**status=disabled**");
    await says(page, "#found", "Nobody fits");
    assert.equal(await page.inputValue("#q"), "person13", "the search stays");
    who.calm();
  });

  test("a session is ended, the account disabled, enabled, merged and deleted", async () => {
    const who = await person(browser);
    const page = await keeper(who, world);
    const [one, two] = [await signedIn(world, "onecalled"), await signedIn(world, "twocalled")];
    const here = `${world.federation_url}/admin/users/${one.user_id}`;
    const status = async (token) => {
      const headers = { authorization: `Bearer ${token}` };
      return (await fetch(`${world.federation_url}/v1/accounts/me`, { headers })).status;
    };
    await page.goto(here);
    await page.locator("form[action$='/session'] button").first().click();
    await says(page, ".flash.good", "The session is ended");
    assert.equal(await status(one.user_token), 401);
    await page.getByRole("button", { name: "Disable" }).click();
    await says(page, ".flash.good", "Disabled");
    await page.getByRole("button", { name: "Enable" }).click();
    await says(page, ".flash.good", "Enabled");

    await page.click("a[href$='/merge']");
    await page.fill("#from", two.user_id);
    await page.click("main form button.primary");
    const merge = page.locator("[data-confirmed]");
    assert.ok(await merge.isDisabled());
    assert.equal(await status(two.user_token), 200, "only looked at");
    await page.fill("#confirm", two.user_id);
    await merge.click();
    await says(page, ".flash.good", "one account now");
    assert.equal(await status(two.user_token), 401);
    assert.equal(await page.locator("#ways ~ table tbody tr").count(), 2, "both ways in are here");

    await page.fill("#confirm", one.user_id);
    await page.locator("[data-confirmed]").click();
    await says(page, ".flash.good", "is removed");
    who.calm();
  });

  test("all of it works without scripts", async () => {
    const page = await keeper(await without(browser), world);
    await page.goto(`${world.federation_url}/admin/users`);
    await page.fill("#q", "person100");
    await page.press("#q", "Enter");
    await page.waitForURL("**q=person100**");
    assert.equal((await names(page)).length, 1);
    await page.click("#found tbody th a");
    await page.fill("#confirm", "something else");
    await page.press("#confirm", "Enter");
    await says(page, ".flash.bad", "Nothing was changed");
  });
});
