/**
 * Every page in English and Chinese (by the browser's language), on a phone and on a desktop, in light and dark: what
 * it says, what axe thinks of it, and a picture in `artifacts/` to be looked at.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { opened, person, says, startBrowser } from "../support/browser.js";
import { look } from "../support/look.js";
import { answer, outcome, pressWeChat, scan, startElsewhere } from "../support/steps.js";
import { startWorld } from "../support/world.js";

const said = {
  en: {
    locale: "en-US", html: "en", welcome: "Sign in to Paper Boat", waiting: "Waiting for you", scanWith: "Scan with WeChat",
    expired: "QR code expired", scanned: "Scanned", cancelled: "You have canceled this login", asks: "requests to log you in",
    allowed: "Allowed", denied: "Denied", done: "WeChat has confirmed you", hello: "Hello, 张三🌟", failed: "That did not work",
    confirm: "Did you start this sign-in", ended: "Sign-in cancelled", wrong: "You are not signed in", out: "You are signed out",
    unknown: "This sign-in is not known", old: "This sign-in has run out", strange: "belongs to another browser",
  },
  zh: {
    locale: "zh-CN", html: "zh-CN", welcome: "登录纸船", waiting: "等待您完成登录", scanWith: "使用微信扫一扫登录",
    expired: "二维码已过期", scanned: "扫描成功", cancelled: "你已取消此次登录", asks: "申请登录",
    allowed: "已允许", denied: "已拒绝", done: "微信验证成功", hello: "张三🌟，您好", failed: "登录未成功",
    confirm: "是您本人发起的", ended: "登录已取消", wrong: "登录未完成", out: "已退出登录",
    unknown: "未找到本次登录", old: "本次登录已过期", strange: "本次登录属于另一个浏览器",
  },
};

for (const [lang, text] of Object.entries(said)) {
  describe(`pages in ${lang}`, () => {
    let world, browser, who;

    before(async () => {
      [world, browser] = await Promise.all([startWorld(), startBrowser()]);
    });
    after(() => Promise.all([browser?.close(), world?.stop()]));
    beforeEach(async () => {
      await who?.context.close();
      await world.sim.reset();
      who = await person(browser, { locale: text.locale });
    });

    const seen = (page, name) => look(page, `${lang}-${name}`);

    /** The page speaks this language, says so in its `lang`, and is then looked at. */
    async function shows(page, name, selector, words) {
      await says(page, selector, words);
      assert.equal(await page.getAttribute("html", "lang").then((tag) => tag.slice(0, 2)), text.html.slice(0, 2), name);
      await seen(page, name);
    }

    test("the good way", async () => {
      const product = await who.open(world.product_url);
      await product.waitForSelector("[data-provider=wechat]");
      await shows(product, "product-1-sign-in", "h1", text.welcome);
      const qr = await opened(product, () => product.click("[data-provider=wechat]"));
      await product.waitForSelector("#open");
      await shows(product, "product-2-waiting", "h1", text.waiting);
      await shows(qr, "wechat-1-qr", ".when-qr", text.scanWith);
      const phone = await scan(qr);
      await shows(phone, "phone-1-asked", "h1", text.asks);
      await says(qr, ".when-scanned", text.scanned);
      await seen(qr, "wechat-2-scanned");
      await phone.bringToFront();
      await phone.click("#allow");
      await shows(phone, "phone-2-allowed", "#outcome", text.allowed);
      await outcome(qr, world);
      await shows(qr, "outcome-1-done", "h1", text.done);
      await product.waitForFunction(() => document.querySelector("#avatar")?.complete);
      await shows(product, "product-3-user", "h1", text.hello);
      await product.click("#logout");
      await product.waitForSelector("[data-provider=wechat]");
      await shows(product, "product-4-signed-out", "#note", text.out);
      who.calm();
    });

    test("refused, expired, failed", async () => {
      const { product, qr } = await pressWeChat(who, world, "/?patience=1");
      const phone = await answer(qr, "deny");
      await shows(phone, "phone-3-denied", "#outcome", text.denied);
      await shows(qr, "wechat-3-cancelled", ".when-cancelled", text.cancelled);
      await product.waitForSelector("#again");
      await seen(product, "product-5-slow");
      const second = await opened(product, () => product.click("#again"));
      await second.waitForSelector("[data-view=qr]");
      await world.sim.advance(301);
      await shows(second, "wechat-4-expired", ".veil-expired", text.expired);
      await world.sim.set({ token_fault: { kind: "errcode", errcode: 45011 } });
      await second.click("#refresh");
      await second.waitForSelector("[data-view=qr]");
      await answer(second, "allow");
      await outcome(second, world);
      await shows(second, "outcome-2-failed", "h1", text.wrong);
      await shows(product, "product-6-failed", "h1", text.failed);
      who.calm();
    });

    test("asked, and cancelled", async () => {
      const { url } = await startElsewhere(world, { lang });
      const page = await who.open(url);
      await answer(page, "allow");
      await outcome(page, world);
      await shows(page, "outcome-3-confirm", "h1", text.confirm);
      await page.click(".deny");
      await shows(page, "outcome-4-cancelled", "h1", text.ended);
      who.calm();
    });

    test("another browser's, unknown, run out", async () => {
      const strange = await who.open(`${world.federation_url}/v1/accounts/oauth/outcome?attempt=01a205fc-7e05-7430-84f3-0e05b0add39c`);
      await shows(strange, "outcome-5-elsewhere", "h1", text.strange);
      const unknown = await who.open(`${world.federation_url}/v1/accounts/oauth/callback?code=x&state=y`);
      await shows(unknown, "outcome-6-unknown", "h1", text.unknown);
      const old = await who.open(`${world.federation_url}/v1/accounts/oauth/outcome?problem=login_expired`);
      await shows(old, "outcome-7-expired", "h1", text.old);
      who.calm(/outcome: .* (403|404|410)/);
    });

    test("the simulator's own pages", async () => {
      const home = await who.open(world.simulator_url);
      await seen(home, "simulator-1-home");
      const mistake = await who.open(`${world.simulator_url}/connect/qrconnect?appid=nobody`);
      await seen(mistake, "simulator-2-mistake");
      who.calm(/favicon/);
    });
  });
}
