/** The program under test: `fed dev` on free ports with a folder of its own, and the simulator's control API. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const here = dirname(dirname(fileURLToPath(import.meta.url)));
const program = resolve(here, process.env.FED_BIN ?? "../../target/debug/fed");

/** Starts the program; `stop` ends it and removes its folder. */
export async function startWorld() {
  const place = mkdtempSync(join(tmpdir(), "downcity-browser-"));
  const child = spawn(program, ["dev", "--json", "--port", "0", "--data", place], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((done) => child.once("exit", done));
  const stop = async () => {
    if (child.exitCode === null) child.kill();
    await ended;
    rmSync(place, { recursive: true, force: true });
  };
  try {
    const at = await firstLine(child);
    return { ...at, stop, sim: simulator(at.simulator_url), api: api(at) };
  } catch (error) {
    await stop();
    throw error;
  }
}

function firstLine(child) {
  return new Promise((done, fail) => {
    const late = setTimeout(() => fail(new Error("`fed dev --json` printed nothing within 30 s")), 30_000);
    createInterface(child.stdout).once("line", (line) => {
      clearTimeout(late);
      done(JSON.parse(line));
    });
    child.once("error", fail);
    child.once("exit", (code) => fail(new Error(`${program} ended with ${code}`)));
  });
}

/** JSON over HTTP; an answer that is no success is an error. */
async function ask(url, { method = "GET", body, headers } = {}) {
  const sent = body && { "content-type": "application/json" };
  const answer = await fetch(url, { method, headers: { ...sent, ...headers }, body: body && JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${url}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

function simulator(base) {
  const post = (call, body) => ask(`${base}/_sim/${call}`, { method: "POST", body });
  return {
    post,
    set: (switches) => post("switches", switches),
    advance: (seconds) => post("clock", { advance_ms: seconds * 1000 }),
    reset: () => post("reset", {}),
    state: () => ask(`${base}/_sim/state`),
    /** How often an endpoint was called. */
    count: async (endpoint) => (await ask(`${base}/_sim/state`)).counts[endpoint] ?? 0,
  };
}

function api(at) {
  return {
    get: (path, query) => ask(`${at.federation_url}/v1/${path}?${new URLSearchParams(query)}`),
    admin: (path, body) =>
      ask(`${at.federation_url}/v1/${path}`, { method: "POST", body, headers: { authorization: `Bearer ${at.admin_key}` } }),
  };
}
