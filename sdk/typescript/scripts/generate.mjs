/** Writes `src/wire.gen.ts` from the checked-in OpenAPI document (or from the one that `OPENAPI` names). */
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

export const document = process.env.OPENAPI
  ? pathToFileURL(process.env.OPENAPI)
  : new URL("../../../docs/openapi.json", import.meta.url);
export const target = new URL("../src/wire.gen.ts", import.meta.url);

/** The text that `src/wire.gen.ts` should have. */
export async function generate() {
  const types = astToString(await openapiTS(readFileSync(document, "utf8"), { alphabetize: true }));
  return `/** Generated from docs/openapi.json by \`npm run generate\`. Not edited by hand. */\n\n${types}`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(target, await generate());
}
