/** The web workspace: signing in to it, and what its tests ask of every page. */
import assert from "node:assert/strict";
import { person } from "./browser.js";
import { look } from "./look.js";

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

export { person };
