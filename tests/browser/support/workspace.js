/** The web workspace: signing in to it, and what its tests ask of every page. */
import assert from "node:assert/strict";
import { person } from "./browser.js";
import { look } from "./look.js";
import { answer, outcome, pressWeChat, startElsewhere } from "./steps.js";

/** An admin at a browser, signed in; answers the page. */
export async function keeper(who, world, key = world.admin_key) {
  const page = await who.open(`${world.federation_url}/admin`);
  await page.waitForURL("**/admin/sign-in?next=**");
  await page.fill("#key", key);
  await page.click("main button.primary");
  await page.waitForURL(`${world.federation_url}/admin`);
  return page;
}

/** Each language, with a person who speaks it. */
export const languages = { en: "en-US", zh: "zh-CN" };

/** A person without scripts. */
export const without = async (browser, locale = "en-US") => {
  const context = await browser.newContext({ locale, javaScriptEnabled: false });
  context.setDefaultTimeout(20_000);
  return { context, open: async (url) => (await (await context.newPage()).goto(url)).frame().page() };
};

/** Goes to a page of the workspace, checks that it speaks the language, and looks at it. */
export async function visit(page, world, path, lang, name) {
  const answer = await page.goto(`${world.federation_url}${path}`);
  assert.equal(answer.status(), 200, path);
  assert.equal(await page.getAttribute("html", "lang"), { en: "en", zh: "zh-CN" }[lang], path);
  await look(page, `${lang}-workspace-${name}`);
}

/** Sign-ins of every kind: left alone, finished, failed. */
export async function traffic(world, browser) {
  for (let count = 0; count < 7; count += 1) await startElsewhere(world);
  const who = await person(browser);
  for (const fault of [null, null, { kind: "errcode", errcode: 40125 }]) {
    await world.sim.set({ token_fault: fault });
    const { qr } = await pressWeChat(who, world);
    await answer(qr, "allow");
    await outcome(qr, world);
  }
  await world.sim.reset();
  await who.context.close();
}

export { person };
