// Starts the simulator, and plays the browser and the phone.

import { spawn } from "node:child_process";

/**
 * Starts the program named by FED_BIN (`fed wechat-sim --port 0`) or WECHAT_SIM_BIN (`wechat-sim --port 0`)
 * and answers its URL and a function that ends it.
 */
export async function startSimulator() {
  const { FED_BIN, WECHAT_SIM_BIN } = process.env;
  const program = FED_BIN ?? WECHAT_SIM_BIN;
  if (!program) throw new Error("set FED_BIN or WECHAT_SIM_BIN to the program that runs the simulator");
  const args = FED_BIN ? ["wechat-sim", "--port", "0"] : ["--port", "0"];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const url = await new Promise((resolve, reject) => {
    let said = "";
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`the simulator ended with ${code}: ${said}`)));
    child.stdout.on("data", (chunk) => {
      said += chunk;
      const found = /http:\/\/(127\.0\.0\.1|localhost|\[::1\]):\d+/.exec(said);
      if (found) resolve(found[0]);
    });
  });
  return { url, stop: () => child.kill() };
}

/** Points WeChat's hosts to the simulator, as a hosts file would: nothing else of the URL changes. */
export function toSimulator(simulator, url) {
  return String(url).replace(/^https:\/\/(open|api|lp\.open|long\.open|res\.wx|thirdwx)\.(weixin\.qq|qq|qlogo)\.(com|cn)(?=[/?])/, simulator);
}

/**
 * What a browser and a phone do with an authorize URL: load the page, find the QR code, scan it, allow (or not)
 * as this person, poll, and answer the callback URL that the page goes to.
 */
export async function scanAndAllow(simulator, authorizeUrl, user) {
  const address = new URL(toSimulator(simulator, authorizeUrl));
  const page = await (await fetch(address)).text();
  const uuid = /src="\/connect\/qrcode\/([\w-]{16})"/.exec(page)?.[1];
  if (!uuid) throw new Error(`no QR code on the page: ${page}`);
  await fetch(`${simulator}/connect/confirm?uuid=${uuid}`);
  const form = new URLSearchParams({ uuid, snsapi_login: "on", allow: "allow", user });
  await fetch(`${simulator}/connect/confirm_reply`, { method: "POST", body: form });
  const poll = await (await fetch(`${simulator}/connect/l/qrconnect?uuid=${uuid}&last=404&f=json`)).json();
  if (poll.wx_errcode !== 405) throw new Error(`not allowed: ${JSON.stringify(poll)}`);
  const redirect = address.searchParams.get("redirect_uri");
  const state = address.searchParams.get("state") ?? "";
  return `${redirect}${redirect.includes("?") ? "&" : "?"}code=${poll.wx_code}&state=${state}`;
}
