/** What a person does: press the button, read the QR code, answer on the phone. */
import http from "node:http";
import { opened } from "./browser.js";

/** Opens the sample product and presses its WeChat button; answers both pages. */
export async function pressWeChat(who, world, path = "/") {
  const product = await who.open(world.product_url + path);
  const qr = await opened(product, () => product.click("[data-provider=wechat]"));
  await qr.waitForURL(`${world.simulator_url}/connect/qrconnect**`, { waitUntil: "domcontentloaded" });
  return { product, qr };
}

/** Follows the QR page's link to the phone; opening it is scanning. */
export function scan(qr) {
  return opened(qr, () => qr.click("#sim-phone"));
}

/** Scans and answers as somebody; the phone's last page comes back. */
export async function answer(qr, button, user = "zhangsan") {
  const phone = await scan(qr);
  await phone.check(`input[value=${user}]`, { force: true });
  await phone.click(`#${button}`);
  await phone.waitForSelector("#outcome");
  return phone;
}

/** Waits until the browser is on our page about the outcome. */
export async function outcome(page, world) {
  await page.waitForURL(`${world.federation_url}/v1/accounts/oauth/outcome**`, { waitUntil: "domcontentloaded" });
  return page;
}

/**
 * Starts a sign-in as a program on another machine would: from another address, without this browser's cookies.
 * (All of 127.0.0.0/8 is this machine, so the address is real.)
 */
export function startElsewhere(world, body = {}) {
  const url = new URL("/v1/accounts/oauth/start", world.federation_url);
  return post(url, { provider: "wechat", city_id: world.city_id, ...body });
}

/** Asks for the outcome from there. */
export function resultElsewhere(world, state) {
  return request(new URL(`/v1/accounts/oauth/result?state=${state}`, world.federation_url), "GET");
}

/** Somebody new signs in with WeChat, with nobody at a browser; gives the outcome with their token. */
export async function signedIn(world, name) {
  const ask = async (url, options) => (await fetch(url, { redirect: "manual", ...options })).json();
  const at = (call) => `${world.federation_url}/v1/accounts/oauth/${call}`;
  const body = JSON.stringify({ provider: "wechat", city_id: world.city_id });
  await world.sim.post("users", { id: name, nickname: name });
  const { url, state } = await ask(at("start"), { method: "POST", headers: { "content-type": "application/json" }, body });
  await fetch(url);
  const { callback } = await world.sim.post("allow", { state: new URL(url).searchParams.get("state"), user: name });
  await fetch(callback, { redirect: "manual" });
  return ask(at(`result?state=${state}`));
}

const post = (url, body) => request(url, "POST", JSON.stringify(body));

function request(url, method, body) {
  return new Promise((done, fail) => {
    const headers = { "user-agent": "Kiosk/2.1 (another machine)", ...(body && { "content-type": "application/json" }) };
    const sent = http.request(url, { method, headers, localAddress: "127.0.0.2", agent: false }, async (answer) => {
      let text = "";
      for await (const part of answer.setEncoding("utf8")) text += part;
      done({ status: answer.statusCode, ...JSON.parse(text) });
    });
    sent.on("error", fail);
    sent.end(body);
  });
}
