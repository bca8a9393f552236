/** The callback works once: twice at a time, again later, reloaded, always the first outcome and one exchange. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { person, says, startBrowser } from "../support/browser.js";
import { answer, outcome, pressWeChat } from "../support/steps.js";
import { startWorld } from "../support/world.js";

describe("the callback, more than once", () => {
  let world, browser, who;

  before(async () => {
    [world, browser] = await Promise.all([startWorld(), startBrowser()]);
  });
  after(() => Promise.all([browser?.close(), world?.stop()]));
  beforeEach(async () => {
    await who?.context.close();
    await world.sim.reset();
    who = await person(browser);
  });

  const ways = [
    ["at the same time, first in the background without cookies", { callback: "fetch_then_navigate", callback_gap_ms: 0 }],
    ["in the background, then later by the browser", { callback: "fetch_then_navigate", callback_gap_ms: 800 }],
    ["by two navigations at once", { callback: "navigate_twice", callback_gap_ms: 0 }],
    ["in the background, while WeChat is slow", { callback: "fetch_then_navigate", callback_gap_ms: 50, token_delay_ms: 700 }],
  ];
  for (const [what, switches] of ways) {
    test(what, async () => {
      await world.sim.set(switches);
      const { product, qr } = await pressWeChat(who, world);
      const hits = callbacks(who, world);
      await answer(qr, "allow", "alice");
      await outcome(qr, world);
      await says(qr, "h1", "WeChat has confirmed you");
      await says(product, "h1", "Hello, Alice");
      assert.equal(hits.length, 2, "the callback came twice");
      assert.equal(await world.sim.count("access_token"), 1);
      // Without cookies the background request is another browser's, and the page about the outcome is not for it.
      who.calm(/outcome: .* 403/);
    });
  }

  test("reloaded, gone back to, and opened again: still the first outcome", async () => {
    const { product, qr } = await pressWeChat(who, world);
    const hits = callbacks(who, world);
    await answer(qr, "allow", "alice");
    await outcome(qr, world);
    await says(product, "h1", "Hello, Alice");
    await qr.reload();
    await says(qr, "h1", "WeChat has confirmed you");
    await qr.goto(hits[0]);
    await says(qr, "h1", "WeChat has confirmed you");
    await qr.reload();
    await says(qr, "h1", "WeChat has confirmed you");
    await product.click("#logout");
    await qr.goto(hits[0]);
    await says(qr, "h1", "WeChat has confirmed you");
    assert.equal(await world.sim.count("access_token"), 1, "one exchange, whatever the browser did");
    who.calm();
  });

  test("a stranger with the callback's address learns nothing from its outcome", async () => {
    const { qr } = await pressWeChat(who, world);
    await answer(qr, "allow", "alice");
    await outcome(qr, world);
    const stranger = await person(browser);
    const page = await stranger.open(qr.url());
    await says(page, "h1", "belongs to another browser");
    assert.doesNotMatch(await page.content(), /Paper Boat|Alice/);
    stranger.calm(/403/);
    await stranger.context.close();
  });

  test("a failed exchange is told once, by its own code, in the tab and in the product", async () => {
    await world.sim.set({ token_fault: { kind: "errcode", errcode: 40029 } });
    const { product, qr } = await pressWeChat(who, world);
    await answer(qr, "allow", "alice");
    await outcome(qr, world);
    await says(qr, "h1", "You are not signed in");
    await says(product, "#failure", "Please start again");
    assert.equal(await product.locator("#failure").getAttribute("data-code"), "code_rejected");
    await world.sim.set({ token_fault: null });
    await qr.reload();
    await says(qr, "h1", "You are not signed in");
    assert.equal(await world.sim.count("access_token"), 1, "a code is never tried twice");
    who.calm();
  });

  /** The callbacks that this browser sends from now on. */
  function callbacks({ context }, { federation_url }) {
    const seen = [];
    context.on("request", (request) => {
      if (request.url().startsWith(`${federation_url}/v1/accounts/oauth/callback`)) seen.push(request.url());
    });
    return seen;
  }
});
