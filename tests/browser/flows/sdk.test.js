/** The TypeScript client in a real browser: a window of its own, and the way by redirect, each with PKCE. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { City } from "../../../sdk/typescript/dist/index.js";
import { opened, person, says, startBrowser } from "../support/browser.js";
import { startSite } from "../support/site.js";
import { answer } from "../support/steps.js";
import { startWorld } from "../support/world.js";

describe("the TypeScript client in a browser", () => {
  let world, browser, site, who, page;

  before(async () => {
    [world, browser] = await Promise.all([startWorld(), startBrowser()]);
    site = await startSite(world);
    await world.api.admin("cities/update", {
      city_id: world.city_id,
      allowed_origins: [site.url],
      allowed_redirects: [`${site.url}/`],
    });
  });
  after(() => Promise.all([browser?.close(), site?.stop(), world?.stop()]));
  beforeEach(async () => {
    await who?.context.close();
    await world.sim.reset();
    who = await person(browser);
    page = await who.open(site.url);
    await says(page, "#said", "nobody");
  });

  test("signIn: a window of its own, which tells the person how it ended", async () => {
    const shown = await opened(page, () => page.click("#window"));
    await shown.waitForURL(`${world.simulator_url}/connect/qrconnect**`, { waitUntil: "domcontentloaded" });
    assert.equal(await shown.evaluate(() => window.opener), null, "WeChat's page has no handle on the product's");
    await answer(shown, "allow", "alice");
    await says(page, "#said", "signed in as Alice");
    await says(shown, "h1", "WeChat has confirmed you");
    await page.evaluate(() => user.logout());
    assert.equal(await page.evaluate(() => user.me().catch((error) => error.status)), 401);
    who.calm(/401/);
  });

  test("signIn: given up by the product", async () => {
    const shown = await opened(page, () => page.click("#window"));
    await shown.waitForURL(`${world.simulator_url}/connect/qrconnect**`, { waitUntil: "domcontentloaded" });
    await page.evaluate(() => stop.abort());
    await says(page, "#said", "failed: AbortError");
    who.calm();
  });

  test("signIn: a sign-in that can't start leaves no empty window", async () => {
    await world.api.admin("cities/pause", { city_id: world.city_id });
    try {
      const [shown] = await Promise.all([page.waitForEvent("popup"), page.click("#window")]);
      await says(page, "#said", "failed: city_paused");
      if (!shown.isClosed()) await shown.waitForEvent("close");
    } finally {
      await world.api.admin("cities/activate", { city_id: world.city_id });
    }
    who.calm(/403/);
  });

  test("signIn: a failure arrives with its code", async () => {
    await world.sim.set({ token_fault: { kind: "errcode", errcode: 40029 } });
    const shown = await opened(page, () => page.click("#window"));
    await answer(shown, "allow", "alice");
    await says(page, "#said", "failed: code_rejected");
    who.calm();
  });

  test("signIn: a blocked window is told", async () => {
    await page.evaluate(() => (window.open = () => null));
    await page.click("#window");
    await says(page, "#said", "failed: popup_blocked");
    who.calm();
  });

  test("signInRedirect: away, back with a one-time code, and the address is clean", async () => {
    const starts = [];
    page.on("request", (request) => request.url().endsWith("/oauth/start") && starts.push(request.postDataJSON()));
    await page.click("#redirect");
    await page.waitForURL(`${world.simulator_url}/connect/qrconnect**`, { waitUntil: "domcontentloaded" });
    assert.equal(starts.at(-1)?.return_to, `${site.url}/`);
    assert.match(starts.at(-1)?.code_challenge, /^[\w-]{43}$/);
    await answer(page, "allow", "alice");
    await says(page, "#said", "signed in as Alice");
    assert.equal(page.url(), `${site.url}/`);
    await page.reload();
    await says(page, "#said", "nobody");
    assert.equal(await world.sim.count("access_token"), 1);
    who.calm();
  });

  describe("where the city always asks", () => {
    const confirm = (confirm) => world.api.admin("cities/update", { city_id: world.city_id, confirm });
    before(() => confirm("always"));
    after(() => confirm("auto"));

    test("signInRedirect: the yes leads back to the product", async () => {
      await page.click("#redirect");
      await page.waitForURL(`${world.simulator_url}/connect/qrconnect**`, { waitUntil: "domcontentloaded" });
      await answer(page, "allow", "alice");
      await page.click(".allow");
      await says(page, "#said", "signed in as Alice");
      assert.equal(page.url(), `${site.url}/`);
      who.calm();
    });

    test("a program beside the browser: the yes leads to its port, which says how it ended", async () => {
      const guest = new City({ city_url: world.federation_url, city_id: world.city_id });
      const user = await guest.signIn("wechat", {
        here: true,
        open: async (url) => {
          await page.goto(url);
          await answer(page, "allow", "alice");
          // The page behind the yes is answered when the program has its token.
          await page.click(".allow");
        },
      });
      assert.equal((await user.me()).profile.display_name, "Alice");
      await says(page, "h1", "You are signed in");
      assert.match(page.url(), /^http:\/\/127\.0\.0\.1:\d+\/downcity\?/);
      who.calm();
    });
  });

  test("completeRedirect: a sign-in that was started elsewhere is not taken", async () => {
    await page.click("#redirect");
    await page.waitForURL(`${world.simulator_url}/connect/qrconnect**`, { waitUntil: "domcontentloaded" });
    const qr = page.url();
    const victim = await person(browser);
    const theirs = await victim.open(qr);
    await answer(theirs, "allow", "alice");
    await says(theirs, "#said", "failed: login_not_started_here");
    victim.calm();
    await victim.context.close();
    who.calm();
  });
});
