/**
 * Builds `dist` with the native TypeScript compiler (`typescript-native`; the older `typescript` is there for
 * openapi-typescript alone, which needs its API). Two passes: programs without comments, declarations with them,
 * because `removeComments` would take the documentation out of both.
 */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const tsc = fileURLToPath(new URL("../node_modules/typescript-native/bin/tsc", import.meta.url));
const run = (...args) => execFileSync(process.execPath, [tsc, "-p", root, ...args], { stdio: "inherit" });

rmSync(new URL("../dist", import.meta.url), { recursive: true, force: true });
run("--declaration", "false", "--removeComments");
run("--emitDeclarationOnly");
