/** The package as a whole: its size, its types, what it ships. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { document, generate, target } from "../scripts/generate.mjs";

const root = new URL("../", import.meta.url);
const path = (name) => fileURLToPath(new URL(name, root));
const json = (name) => JSON.parse(readFileSync(path(name), "utf8"));

test("all that a page loads is below 6.7 kB gzipped", (t) => {
  // A page never asks for what listens on a port.
  const files = readdirSync(path("dist")).filter((name) => name.endsWith(".js") && name !== "loopback.js");
  assert.ok(files.length > 5);
  const bytes = files.map((name) => gzipSync(readFileSync(path(`dist/${name}`)), { level: 9 }).length);
  const total = bytes.reduce((sum, size) => sum + size, 0);
  t.diagnostic(`${total} bytes, each file compressed by itself`);
  assert.ok(total < 6700, `${total} bytes`);
});

test("the wire types are those of the OpenAPI document", async () => {
  assert.ok(existsSync(document), `${fileURLToPath(document)} is missing`);
  assert.ok(
    readFileSync(target, "utf8") === (await generate()),
    "src/wire.gen.ts is stale: run `npm run generate` and commit it",
  );
});

for (const project of ["tsconfig.json", "tsconfig.node.json"]) {
  for (const compiler of ["typescript-native", "typescript"]) {
    test(`a product compiles against the package: ${project}, ${compiler}`, () => {
      const tsc = path(`node_modules/${compiler}/bin/tsc`);
      try {
        execFileSync(process.execPath, [tsc, "-p", path(`test/consumer/${project}`)], { encoding: "utf8" });
      } catch (error) {
        assert.fail(error.stdout || String(error));
      }
    });
  }
}

test("publint has nothing to say", async () => {
  const { messages, pkg } = await publint({ pkgDir: path("."), strict: true });
  assert.deepEqual(messages.map((message) => formatMessage(message, pkg)), []);
});

test("no runtime dependencies, and nothing but web standards is imported", () => {
  const manifest = json("package.json");
  for (const field of ["dependencies", "peerDependencies", "optionalDependencies"]) {
    assert.equal(manifest[field], undefined);
  }
  for (const name of readdirSync(path("dist")).filter((name) => name.endsWith(".js"))) {
    for (const [, from] of readFileSync(path(`dist/${name}`), "utf8").matchAll(/from "([^"]+)"/g)) {
      assert.match(from, /^\.\//, `${name} imports ${from}`);
    }
  }
});

test("the lock file names no registry", () => {
  const text = readFileSync(path("package-lock.json"), "utf8");
  assert.ok(!text.includes('"resolved"'));
  assert.ok(!/https?:\/\/[^"]*\.tgz/.test(text));
});
