/**
 * The real program, and a real mail server. `FED_BIN` names the built `fed`; `fed dev --json` prints one line with its
 * addresses and keeps running. Without `FED_BIN` tests against it are skipped.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { City } from "@downcity/city";

export const skip = process.env.FED_BIN ? false : "FED_BIN is unset: it must name the built `fed`";

/** The first line that a program prints, as JSON; `lines` goes on from there. */
async function started(program, name) {
  const lines = createInterface(program.stdout)[Symbol.asyncIterator]();
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error(`${name} printed nothing in time`)), 60_000).unref());
  const { value } = await Promise.race([lines.next(), late]);
  assert.ok(value, `${name} ended before it printed anything`);
  return [JSON.parse(value), lines];
}

async function ended(program) {
  if (program?.exitCode === null && program.kill()) await new Promise((resolve) => program.once("exit", resolve));
}

/** `fed dev` in a folder of its own. */
export async function federation() {
  const place = mkdtempSync(join(tmpdir(), "downcity-sdk-"));
  const program = spawn(process.env.FED_BIN, ["dev", "--json", "--port", "0"], { cwd: place, stdio: ["ignore", "pipe", "inherit"] });
  const [at, lines] = await started(program, "fed dev");
  // Whatever else it prints must not fill the pipe.
  (async () => { for await (const _ of lines); })();

  /** The person with the phone. */
  async function press(button, state, user = "alice") {
    const response = await fetch(`${at.simulator_url}/_sim/${button}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ state, user }),
    });
    assert.ok(response.ok, `${button}: ${response.status} ${await response.clone().text()}`);
    return response.json();
  }

  /** The browser: shows the QR code and, when the phone says yes, goes on to the callback. */
  async function browse(url, state, user) {
    assert.ok((await fetch(url)).ok, "the QR page");
    const { callback } = await press("allow", state, user);
    const page = await fetch(callback, { redirect: "manual" });
    assert.ok(page.status < 400, `the callback answered ${page.status}`);
    return page.headers.get("location");
  }

  const guest = (more) => new City({ role: "guest", city_url: at.federation_url, ...more });
  return {
    at,
    browse,
    guest,
    admin: (more) => guest({ role: "admin", admin_secret_key: at.admin_key, ...more }),
    /** Signs a person of the simulator in with WeChat. */
    signIn: (person, city = guest()) =>
      city.signIn("wechat", {
        open: (url, { state }) => browse(url, state, person),
        signal: AbortSignal.timeout(30_000),
      }),
    async close() {
      await ended(program);
      rmSync(place, { recursive: true, force: true });
    },
  };
}

/** The mail server that the Federation's own tests use. */
export async function mailbox() {
  const server = fileURLToPath(new URL("../../../../crates/http/tests/smtp/server.mjs", import.meta.url));
  assert.ok(existsSync(join(server, "../node_modules")), "the mail server's packages are missing: run ./test, or `npm ci` there");
  const program = spawn(process.execPath, [server, "0"], { stdio: ["pipe", "pipe", "inherit"] });
  const [{ port }, lines] = await started(program, "the mail server");
  return {
    url: `smtp://127.0.0.1:${port}?tls=none`,
    next: async () => JSON.parse((await lines.next()).value),
    /** The one-time token in the next mail's link. */
    async token() {
      return (await this.next()).text.match(/token=([\w-]{43})/)[1];
    },
    close: () => ended(program),
  };
}
