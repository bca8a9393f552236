/** Debian's Chromium, and a record of everything that its pages complain about. */
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

export const PHONE = { width: 375, height: 740 };
export const DESKTOP = { width: 1200, height: 800 };

export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync",
    ],
  });
}

/**
 * A person at a browser: fresh cookies, a language. `calm()` fails if any page logged an error or a warning, threw,
 * or broke its content security policy; answers whose status is an error are named, so that a test can expect them.
 */
export async function person(browser, { locale = "en-US", viewport = DESKTOP, colorScheme = "light" } = {}) {
  const context = await browser.newContext({ locale, viewport, colorScheme, reducedMotion: "reduce" });
  context.setDefaultTimeout(20_000);
  const problems = [];
  context.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    problems.push(`${new URL(message.location().url || "about:blank").pathname}: ${message.text()}`);
  });
  context.on("weberror", ({ error }) => problems.push(String(error())));
  const calm = (...expected) => {
    const left = problems.filter((problem) => !expected.some((pattern) => pattern.test(problem)));
    assert.deepEqual(left, [], "the browser's console");
  };
  return { context, calm, open: async (url) => await (await context.newPage()).goto(url).then((answer) => answer.frame().page()) };
}

/** Does something that opens a new tab or window, and answers that. */
export async function opened(page, act) {
  const [shown] = await Promise.all([page.context().waitForEvent("page"), act()]);
  await shown.waitForLoadState("domcontentloaded");
  return shown;
}

/** Waits until an element holds this text. */
export async function says(page, selector, text) {
  const found = page.locator(selector).filter({ hasText: text });
  await found.first().waitFor().catch(async () => {
    const body = await page.locator("body").innerText().catch(() => "(gone)");
    assert.fail(`${selector} never said ${text}; ${page.url()} shows:\n${body}`);
  });
}
