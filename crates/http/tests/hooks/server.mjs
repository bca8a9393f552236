// A real receiver of webhooks for tests, which checks signatures with the library of Standard Webhooks. Prints its
// port, then every delivery as one JSON line. What it answers stands in the path: /ok, /status/500, /slow/300 (waits
// so many milliseconds), /redirect, /huge, /stall (a status, and then nothing). Secrets come as lines on its standard
// input; a delivery counts as verified when one of them fits.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";

const keys = [];

function verified(body, headers) {
  return keys.some((key) => {
    try {
      new Webhook(key).verify(body, headers);
      return true;
    } catch (error) {
      // Tests move the Federation's clock further than the five minutes that the library keeps.
      if (!/timestamp too (old|new)/i.test(error.message)) return false;
      const at = new Date(Number(headers["webhook-timestamp"]) * 1000);
      return new Webhook(key).sign(headers["webhook-id"], at, body) === headers["webhook-signature"];
    }
  });
}

function answer(path, response) {
  const [, what, number] = path.split("/");
  if (what === "status") return response.writeHead(Number(number)).end("no");
  if (what === "redirect") return response.writeHead(307, { location: "/ok/redirected" }).end();
  if (what === "huge") return response.writeHead(200).end("x".repeat(10_000_000));
  if (what === "stall") return response.writeHead(200).write("x");
  if (what === "slow") return setTimeout(() => response.writeHead(204).end(), Number(number));
  response.writeHead(204).end();
}

const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts).toString();
    const { method, url: path, headers } = request;
    const seen = { method, path, headers, body, verified: verified(body, headers) };
    process.stdout.write(`${JSON.stringify(seen)}\n`);
    answer(path, response);
  });
});

server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`);
});
createInterface({ input: process.stdin })
  .on("line", (line) => {
    keys.push(line.trim());
    process.stdout.write(`${JSON.stringify({ keys: keys.length })}\n`);
  })
  .on("close", () => process.exit(0));
