/** Looks at a page as people do: on a phone and on a desktop, in light and dark; keeps a picture of each. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { DESKTOP, PHONE } from "./browser.js";
import { here } from "./world.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const shelf = resolve(here, "../../artifacts");

/** Takes the four pictures and checks each: nothing cut off or sideways, nothing that axe calls serious. */
export async function look(page, name, { viewports = { phone: PHONE, desktop: DESKTOP } } = {}) {
  mkdirSync(shelf, { recursive: true });
  const before = page.viewportSize();
  await page.bringToFront();
  for (const [device, size] of Object.entries(viewports)) {
    await page.setViewportSize(size);
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.screenshot({ path: join(shelf, `${name}-${device}-${scheme}.png`), animations: "disabled" });
      await nothingSticksOut(page, `${name} on a ${device}`);
      if (device === "phone") await accessible(page, `${name} in ${scheme}`);
    }
  }
  await page.setViewportSize(before);
}

/** Fails where a page scrolls sideways, or a text is wider than its box. */
async function nothingSticksOut(page, what) {
  const found = await page.evaluate(() => {
    const root = document.documentElement;
    const wide = [...document.querySelectorAll("h1,h2,p,dd,dt,td,th,button,a,span")].filter(
      (one) => one.checkVisibility() && one.getBoundingClientRect().right > root.clientWidth + 1,
    );
    return { sideways: root.scrollWidth > root.clientWidth, wide: wide.map((one) => one.outerHTML.slice(0, 120)) };
  });
  assert.deepEqual(found, { sideways: false, wide: [] }, what);
}

/** Fails on what axe calls serious or critical. */
export async function accessible(page, what) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(`${axe};undefined`);
  const found = await page.evaluate(async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    return grave.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => ({ id, html, failureSummary })));
  });
  assert.deepEqual(found, [], `axe about ${what}`);
}
