/** A product's own site, on an origin of its own, that uses the TypeScript client from `sdk/typescript/dist`. */
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join, resolve } from "node:path";
import { here } from "./world.js";

const dist = resolve(here, "../../sdk/typescript/dist");

const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>A product</title>
<link rel="icon" href="data:,"><h1>A product</h1>
<button id="window">Sign in in a window</button> <button id="redirect">Sign in on this page</button>
<p id="said" role="status"></p><script type="module" src="/app.js"></script></html>`;

/** What a product would write. */
const script = (config) => `import { City } from "/sdk/index.js";
const city = new City(${JSON.stringify(config)});
const said = document.getElementById("said");
const welcome = async (user) => {
  globalThis.user = user;
  said.textContent = "signed in as " + (await user.me()).profile.display_name;
};
const failed = (error) => (said.textContent = "failed: " + (typeof error.code === "string" ? error.code : error.name));
document.getElementById("window").onclick = () => {
  globalThis.stop = new AbortController();
  city.signIn("wechat", { signal: stop.signal }).then(welcome).catch(failed);
};
document.getElementById("redirect").onclick = () => city.signInRedirect("wechat").catch(failed);
city.completeRedirect().then((user) => (user ? welcome(user) : (said.textContent ||= "nobody"))).catch(failed);
`;

/** Serves it on a free port; `url` is its origin. */
export async function startSite(world) {
  if (!existsSync(join(dist, "index.js"))) throw new Error("build the client first: npm run build in sdk/typescript");
  const policy = `default-src 'none'; script-src 'self'; img-src data:; connect-src ${world.federation_url}`;
  const files = {
    "/": ["text/html; charset=utf-8", () => page],
    "/app.js": ["text/javascript", () => script({ city_url: world.federation_url, city_id: world.city_id })],
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://site");
    const module = /^\/sdk\/([\w.-]+\.js)$/.exec(pathname)?.[1];
    const [type, read] = module ? ["text/javascript", () => readFileSync(join(dist, module))] : (files[pathname] ?? []);
    if (!read) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": type, "content-security-policy": policy }).end(read());
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop: () => (server.closeAllConnections(), new Promise((done) => server.close(done))),
  };
}
