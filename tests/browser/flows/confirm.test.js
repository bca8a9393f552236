/** Started at one address, finished in a browser at another: the person is asked before anything is handed out. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { person, says, startBrowser } from "../support/browser.js";
import { look } from "../support/look.js";
import { answer, outcome, pressWeChat, resultElsewhere, startElsewhere } from "../support/steps.js";
import { startWorld } from "../support/world.js";

describe("the confirmation page", () => {
  let world, browser, who;

  before(async () => {
    [world, browser] = await Promise.all([startWorld(), startBrowser()]);
  });
  after(() => Promise.all([browser?.close(), world?.stop()]));
  beforeEach(async () => {
    await who?.context.close();
    who = await person(browser);
  });

  /** Up to the question. */
  async function asked() {
    const started = await startElsewhere(world);
    assert.equal(started.status, 200);
    const page = await who.open(started.url);
    await answer(page, "allow", "alice");
    await outcome(page, world);
    await says(page, "h1", "Did you start this sign-in to Paper Boat 纸船?");
    const early = await resultElsewhere(world, started.state);
    assert.deepEqual([early.status, early.user_token], ["pending", undefined], "nothing before the click");
    return { page, state: started.state };
  }

  test("names what was started where; No has the focus; Yes hands the token to who started", async () => {
    const { page, state } = await asked();
    await says(page, "dl", "127.0.0.2");
    await says(page, "dl", "Kiosk");
    assert.equal(await page.evaluate(() => document.activeElement.value), "deny");
    await page.click(".allow");
    await says(page, "h1", "WeChat has confirmed you");
    const result = await resultElsewhere(world, state);
    assert.equal(result.status, "done");
    assert.match(result.user_token, /^ub_/);
    await page.reload();
    await says(page, "h1", "WeChat has confirmed you");
    who.calm();
  });

  test("No ends it: nobody is signed in, the page and the waiting program say so", async () => {
    const { page, state } = await asked();
    await page.keyboard.press("Enter");
    await says(page, "h1", "Sign-in cancelled");
    const result = await resultElsewhere(world, state);
    assert.deepEqual([result.status, result.code], ["failed", "login_cancelled"]);
    await page.goBack().catch(() => {});
    await page.reload();
    await says(page, "h1", "Sign-in cancelled");
    who.calm();
  });

  test("a reload asks again, and nobody else's browser can answer", async () => {
    const { page, state } = await asked();
    await page.reload();
    await says(page, "h1", "Did you start this sign-in");
    const form = await page.evaluate(() => Object.fromEntries(new FormData(document.querySelector("form"))));
    const stolen = await fetch(`${world.federation_url}/v1/accounts/oauth/confirm`, {
      method: "POST",
      body: new URLSearchParams({ ...form, decision: "allow" }),
      redirect: "manual",
    });
    assert.match(stolen.headers.get("location"), /problem=/);
    assert.equal((await resultElsewhere(world, state)).status, "pending");
    who.calm();
  });

  test("where the city wants a code, Enter after typing confirms, and the product shows the code", async (t) => {
    await world.api.admin("cities/update", { city_id: world.city_id, confirm: "code" });
    t.after(() => world.api.admin("cities/update", { city_id: world.city_id, confirm: "auto" }));
    const started = await startElsewhere(world);
    assert.match(started.user_code, /^[B-Z]{4}-[B-Z]{4}$/);
    const page = await who.open(started.url);
    await answer(page, "allow", "alice");
    await outcome(page, world);
    await says(page, "form", "Code from the window where you started");
    assert.equal(await page.evaluate(() => document.activeElement.name), "user_code");
    await look(page, "confirm-code");
    await page.keyboard.type("zzzz zzzz");
    await page.keyboard.press("Enter");
    await says(page, "main", "You have 4 more tries");
    await page.keyboard.type(started.user_code.toLowerCase());
    await page.keyboard.press("Enter");
    await says(page, "h1", "WeChat has confirmed you");
    assert.equal((await resultElsewhere(world, started.state)).status, "done");

    // No needs no code.
    const again = await startElsewhere(world);
    const other = await who.open(again.url);
    await answer(other, "allow", "alice");
    await outcome(other, world);
    await other.click(".deny");
    await says(other, "h1", "Sign-in cancelled");

    const { product, qr } = await pressWeChat(who, world);
    await product.waitForSelector("#code:not([hidden])");
    const shown = await product.textContent("#code strong");
    await answer(qr, "allow", "alice");
    await outcome(qr, world);
    await qr.fill("#user_code", shown);
    await qr.click(".allow");
    await says(product, "h1", "Alice");
    who.calm();
  });
});
