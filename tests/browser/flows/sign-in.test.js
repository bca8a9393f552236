/** The main job, as a person sees it: sample product, QR page, phone, outcome, signed in; and what can go wrong. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { opened, person, says, startBrowser } from "../support/browser.js";
import { answer, outcome, pressWeChat, scan } from "../support/steps.js";
import { startWorld } from "../support/world.js";

describe("signing in with WeChat", () => {
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

  test("allowed on the phone: signed in, the token's claims on the page, log out ends it", async () => {
    const { product, qr } = await pressWeChat(who, world);
    await says(product, "h1", "Waiting for you to sign in");
    const phone = await scan(qr);
    await says(qr, ".when-scanned", "Tap Allow");
    await says(phone, ".ask", "nickname");
    await phone.click("#allow");
    await says(phone, "#outcome", "Allowed");
    await outcome(qr, world);
    await says(qr, "h1", "WeChat has confirmed you");
    assert.doesNotMatch(qr.url(), /code=|state=/, "neither code nor state stays in the address bar");

    await says(product, "h1", "Hello, 张三🌟");
    const claims = await product.locator("#claims tr").evaluateAll((rows) =>
      Object.fromEntries(rows.map((row) => [...row.cells].map((cell) => cell.textContent))),
    );
    assert.equal(claims.city_id, world.city_id);
    assert.equal(claims.aud, "downcity:user");
    assert.equal(claims.iss, world.federation_url);
    assert.equal(claims.user_id, claims.sub);
    const avatar = product.locator("#avatar");
    assert.ok(await avatar.evaluate((image) => image.decode().then(() => image.naturalWidth > 0)), "the avatar");

    await product.reload();
    await says(product, "h1", "Hello, 张三🌟");
    const token = await product.evaluate(() => sessionStorage.getItem("paper-boat-token"));
    await product.click("#logout");
    await says(product, "#note", "no longer accepted");
    const refused = await fetch(`${world.federation_url}/v1/accounts/me`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(refused.status, 401);
    who.calm();
  });

  test("refused on the phone: WeChat says so, the product page offers another try and ends by itself", async () => {
    await who.context.clock.install();
    const { product, qr } = await pressWeChat(who, world, "/?patience=2");
    const phone = await answer(qr, "deny");
    await says(phone, "#outcome", "Denied");
    await says(qr, ".when-cancelled", "You have canceled this login");
    assert.equal(await world.sim.count("access_token"), 0);

    await product.clock.runFor(3000);
    await says(product, "#how", "If you refused on the phone");
    const second = await opened(product, () => product.click("#again"));
    await second.waitForSelector("[data-view=qr]");
    await product.click("#cancel");
    await says(product, "#note", "cancelled");

    await opened(product, () => product.click("[data-provider=wechat]"));
    await says(product, "h1", "Waiting");
    await product.waitForSelector("#open");
    await product.clock.fastForward("11:00");
    await says(product, "#failure", "Nobody finished the sign-in in time");
    assert.equal(await product.locator(".spinner").count(), 0, "nothing spins any more");

    const last = await opened(product, () => product.click("#again"));
    await answer(last, "allow", "alice");
    await says(product, "h1", "Hello, Alice");
    who.calm();
  });

  test("in Chinese, WeChat and the product say that the sign-in was refused", async () => {
    await who.context.close();
    who = await person(browser, { locale: "zh-CN" });
    const { product, qr } = await pressWeChat(who, world, "/?patience=1");
    const phone = await answer(qr, "deny");
    await says(phone, "#outcome", "已拒绝");
    await says(qr, ".when-cancelled", "你已取消此次登录");
    await says(product, "#how", "如果您在手机上拒绝了登录");
    await product.click("#cancel");
    await says(product, "#note", "已取消登录");
    who.calm();
  });

  test("a QR code that ran out can be refreshed, and then the sign-in works", async () => {
    const { product, qr } = await pressWeChat(who, world);
    const image = qr.locator(".js_qrcode_img");
    const first = await image.getAttribute("src");
    await world.sim.advance(301);
    await says(qr, ".veil-expired", "QR code expired");
    await qr.click("#refresh");
    await qr.waitForSelector("[data-view=qr]");
    assert.notEqual(await image.getAttribute("src"), first, "a new code");
    await answer(qr, "allow", "alice");
    await says(product, "h1", "Hello, Alice");
    who.calm();
  });

  test("closing the QR page is noticed, and finishing is not mistaken for it", async () => {
    const { product, qr } = await pressWeChat(who, world);
    await qr.close();
    await says(product, "#how", "the window was closed");
    const again = await opened(product, () => product.click("#again"));
    await says(product, "#how", "scan the QR code");
    await answer(again, "allow", "alice");
    await says(product, "h1", "Hello, Alice");
    await again.waitForSelector(".good");
    who.calm();
  });

  test("a browser that blocks new windows still gets a link", async () => {
    await who.context.addInitScript(() => (window.open = () => null));
    const product = await who.open(world.product_url);
    await product.click("[data-provider=wechat]");
    await says(product, "#how", "kept the window closed");
    const qr = await opened(product, () => product.click("#open"));
    await answer(qr, "allow", "alice");
    await says(product, "h1", "Hello, Alice");
    who.calm();
  });
});
