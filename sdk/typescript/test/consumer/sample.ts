/** How a product uses the package, for the type checker alone: nothing here runs. */
import { City, CityError, type ClientCode, type Me, type OauthResult, type ProviderList } from "@downcity/city";

declare const city_url: string;
declare const city_id: string;
declare const user_token: string;
declare const admin_secret_key: string;
declare const state: string;

export async function specification(): Promise<void> {
  const guest = new City({ role: "guest", city_url });
  const providers = await guest.service("accounts").get("providers");
  providers satisfies ProviderList;
  providers.items.map((item) => item.enabled && item.id === "wechat" && item.label.length);

  const start = await guest.service("accounts").action("oauth/start").invoke({
    provider: "wechat",
    city_id: "city_demo",
  });
  start.url satisfies string;

  const result = await guest.service("accounts").get("oauth/result", {
    state: start.state,
  });
  const user = new City({
    role: "user",
    city_url: "https://base.example.com",
    city_id: "city_demo",
    user_token: result.user_token,
  });
  user.role satisfies string;
}

export async function contract(): Promise<void> {
  const guest = new City({ role: "guest", city_url });
  await guest.service("accounts").get("providers");
  await guest.service("accounts").action("oauth/start").invoke({ provider: "wechat", city_id: "city_demo" });
  await guest.service("accounts").get("oauth/result", { state });
  const user = new City({ role: "user", city_url, city_id, user_token });
  const admin = new City({ role: "admin", city_url, city_id, admin_secret_key });
  const me: Me = await user.me();
  me.profile.email satisfies string | null | undefined;
  await admin.env.upsert({ key: "WECHAT_CLIENT_ID", value: "wx1" });
  (await admin.env.list()).items.map((item) => item.key);
  (await admin.cities.list()).items.map((city) => city.status);
  await admin.cities.pause({ city_id });
  (await admin.tokens.apply({ user_id: "u1", ttl: "1h" })).user_token satisfies string;
}

export function outcomes(result: OauthResult): string {
  switch (result.status) {
    case "done":
      return result.user_token;
    case "failed":
      return result.code;
    case "pending":
      return "…";
  }
}

export async function signing(signal: AbortSignal): Promise<string | undefined> {
  const city = new City({ federation_url: city_url, city_id });
  try {
    const user = await city.signIn("wechat", { signal, open: (url, start) => void [url, start.state] });
    return user.user_token;
  } catch (error) {
    if (error instanceof CityError && error.code === "access_denied") return undefined;
    throw error;
  }
}

export async function account(): Promise<void> {
  const guest = new City({ city_url, city_id });
  const accounts = guest.service("accounts");
  await accounts.action("register").invoke({ email: "a@b.cd", password: "x".repeat(15) });
  const verified: City = guest.asUser(await accounts.action("verify-email").invoke({ token: "x" }));
  const user = await guest.signInWithPassword("a@b.cd", "x");
  user.user_id satisfies string | undefined;
  (await user.link("wechat", { open: (url) => console.log(url) })) satisfies City;
  await user.service("accounts").action("sessions/revoke-others").invoke();
  const { items } = await verified.service("accounts").get("sessions/mine");
  items.map((item) => item.current satisfies boolean);
  await user.service("accounts").action("profile/update").invoke({ bio: null });
  const admin = new City({ city_url, admin_secret_key });
  const page = await admin.service("accounts").get("users", { q: "li", limit: 20 });
  page.next satisfies string | null | undefined;
  const events = await admin.service("accounts").get("events", { type: "user.signed_in" });
  events.items.map((event) => event.detail);
  // Services of the product's own are open.
  (await user.service("chat").action("send").invoke({ text: "hi" })).anything;
}

/** The codes of this client, as the README lists them. */
export const codes: Record<ClientCode, true> = {
  network_error: true,
  timeout: true,
  invalid_answer: true,
  login_expired: true,
  login_not_started_here: true,
  code_not_shown: true,
  popup_blocked: true,
};

/** As docs/accounts.md has it. */
export async function steps(ask: (inputs: unknown) => Promise<Record<string, string>>, open: (url: string) => void) {
  const guest = new City({ city_url, city_id });
  const guests = guest.service("accounts");
  let step = await guests.action("login/start").invoke({ provider: "email" });
  while (step.status === "input_required") {
    step = await guests.action("login/continue").invoke({ login_id: step.login_id, input: await ask(step.inputs) });
  }
  if (step.status === "redirect_required") {
    const { login_id } = step;
    open(step.url);
    let result;
    do result = await guests.get("login/result", { login_id, wait: 25 });
    while (result.status === "pending");
    if (result.status === "done") guest.asUser(result) satisfies City;
  }
}

/** As docs/accounts.md has it. */
export function tabs() {
  const { localStorage, navigator } = globalThis as any;
  const keep = ({ user_token, refresh_token, user_id, city_id, expires_at }: City) =>
    localStorage.setItem("user", JSON.stringify({ user_token, refresh_token, user_id, city_id, expires_at }));
  return (user: City) =>
    navigator.locks.request("user", async () => {
      const kept = JSON.parse(localStorage.getItem("user"));
      if (kept.refresh_token !== user.refresh_token) return user.asUser(kept);
      const fresh = await user.refresh();
      keep(fresh);
      return fresh;
    });
}

export async function mistakes(): Promise<void> {
  const admin = new City({ role: "admin", city_url, admin_secret_key });
  // @ts-expect-error no such role
  new City({ role: "root", city_url });
  // @ts-expect-error a setting needs a value
  await admin.env.upsert({ key: "A" });
  // @ts-expect-error a pause must name its city, whatever the client's own is
  await admin.cities.pause({});
  // @ts-expect-error a login needs a provider
  await admin.service("accounts").action("oauth/start").invoke({ city_id });
  // @ts-expect-error a login needs a body
  await admin.service("accounts").action("login").invoke();
  // @ts-expect-error a limit is a number
  await admin.service("accounts").get("users", { limit: "many" });
  // @ts-expect-error no such field
  (await admin.service("accounts").get("providers")).nothing;
}
