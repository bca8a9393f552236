/** The client of a Federation. */
import * as admin from "./admin.js";
import { CityError } from "./error.js";
import { type CallOptions, type Target, baseUrl, call, share, sleep } from "./http.js";
import * as flow from "./sign-in.js";
import type { Answer, Body, Handed, Input, Me, Name, OauthResult, OauthStart, Query, Time } from "./wire.js";

/** Refresh tokens being traded in this page or program, with their Federations. */
const trading = new Map<string, Promise<City>>();

/**
 * The Federation gives a lost answer again to the same token for ten seconds only; one that comes later ends the session.
 * So the tries of one trade come soon after one another. In milliseconds.
 */
const TRADE = { tries: 3, timeout: 4_000, pause: 500, last: 9_000 };

export interface CityOptions {
  /** Who is calling. May be left out: a key makes an admin, a token a user, neither a guest. */
  role?: "guest" | "user" | "admin" | undefined;
  /** Address of the Federation, e.g. `https://base.example.com`. */
  city_url?: string | undefined;
  /** The same by another name. */
  federation_url?: string | undefined;
  /** The product; added to the body of every POST that names none, and to the question which providers there are. */
  city_id?: string | undefined;
  /** Bearer of a user. */
  user_token?: string | undefined;
  /** Who that is, where it is known. */
  user_id?: string | undefined;
  /** When the token runs out, where it is known. */
  expires_at?: Time | undefined;
  /** What `refresh` trades for a fresh token. */
  refresh_token?: string | undefined;
  /** Bearer of an admin. Never to be shipped to a browser. */
  admin_secret_key?: string | undefined;
  /** In place of the global `fetch`. */
  fetch?: typeof fetch | undefined;
}

export class City {
  readonly role: "guest" | "user" | "admin";
  /** Without a trailing slash. */
  readonly city_url: string;
  readonly city_id: string | undefined;
  readonly user_id: string | undefined;
  readonly expires_at: Time | undefined;
  // Private, so that logging the client does not print the bearer.
  readonly #to: Target;
  readonly #refresh: string | undefined;

  constructor(options: CityOptions) {
    const { user_token, admin_secret_key } = options;
    this.role = options.role ?? (admin_secret_key ? "admin" : user_token ? "user" : "guest");
    this.city_url = baseUrl(options.city_url ?? options.federation_url);
    this.city_id = options.city_id;
    this.user_id = options.user_id;
    this.expires_at = options.expires_at;
    this.#refresh = options.refresh_token;
    const bearer = { guest: undefined, user: user_token, admin: admin_secret_key }[this.role];
    if (this.role !== "guest" && !bearer) {
      throw new TypeError(`role "${this.role}" needs ${this.role === "user" ? "user_token" : "admin_secret_key"}`);
    }
    this.#to = { base: this.city_url, bearer, fetch: options.fetch };
  }

  /** The bearer of a user, to be kept between visits. */
  get user_token(): string | undefined {
    return this.role === "user" ? this.#to.bearer : undefined;
  }

  /** What `refresh` trades for a fresh token, where the sign-in asked for it. To be kept as carefully as a password. */
  get refresh_token(): string | undefined {
    return this.#refresh;
  }

  /** A group of calls. */
  service<S extends string>(name: S) {
    return {
      /** `GET /v1/{service}/{action}?{query}` */
      get: <A extends Name<S, "get">>(action: A, query?: Query<S, A>, options?: CallOptions): Promise<Answer<S, A, "get">> =>
        call(this.#to, "GET", `${name}/${action}`, this.#asks(`${name}/${action}`, query as object), options),
      /** `POST /v1/{service}/{action}` */
      action: <A extends Name<S, "post">>(action: A) => ({
        invoke: (...[body, options]: Input<Body<S, A>, CallOptions>): Promise<Answer<S, A, "post">> => {
          const input: { city_id?: unknown } = { ...body };
          if (input.city_id == null && this.city_id) input.city_id = this.city_id;
          return call(this.#to, "POST", `${name}/${action}`, input, options);
        },
      }),
    };
  }

  /** The ways in are a city's own. Other questions that take a city are an admin's, where none means all of them. */
  #asks(path: string, query: { city_id?: unknown } | undefined): object | undefined {
    if (path !== "accounts/providers") return query;
    return { ...query, city_id: query?.city_id ?? this.city_id };
  }

  /** @internal One poll, which may wait longer than other calls. */
  poll(query: object, options: CallOptions & { timeout: number }): Promise<OauthResult> {
    return call(this.#to, "GET", "accounts/oauth/result", query, options);
  }

  /** A client for the user that an answer with a `user_token` is about: of `login`, `verify-email`, … */
  asUser(done: Handed): City {
    const { user_token, user_id, city_id, expires_at, refresh_token } = done;
    const { base, fetch } = this.#to;
    return new City({
      role: "user",
      city_url: base,
      city_id,
      user_token,
      user_id,
      expires_at,
      refresh_token: refresh_token ?? undefined,
      fetch,
    });
  }

  /**
   * The same user with a fresh token and the next refresh token: keep both before using them. A refresh token works
   * once; one that comes again ends the session. Calls at the same time share one answer, which a lost connection is
   * no harm to. An abort ends the wait and not the trade: the next call gets what came of it.
   */
  async refresh({ signal }: CallOptions = {}): Promise<City> {
    const token = this.#refresh;
    if (!token) throw new TypeError("there is no refresh_token: sign in with refresh: true");
    return share(trading, `${this.city_url} ${token}`, () => this.#trade(token), signal);
  }

  async #trade(refresh_token: string): Promise<City> {
    // As a guest: the old token may have run out.
    const to = { ...this.#to, bearer: undefined };
    const body = { refresh_token, city_id: this.city_id };
    const { timeout } = TRADE;
    const begun = Date.now();
    for (let tries = 1; ; tries++) {
      try {
        return this.asUser(await call(to, "POST", "accounts/token/refresh", body, { timeout }));
      } catch (error) {
        if (tries === TRADE.tries || !(error instanceof CityError && error.temporary) || error.status === 429) throw error;
        await sleep(TRADE.pause);
        // A page that was asleep meanwhile may come too late.
        if (Date.now() - begun > TRADE.last) throw error;
      }
    }
  }

  /**
   * Signs a person in from this page or program and waits for the outcome. Throws `CityError`: `access_denied` and
   * others from the Federation, `login_expired`, `popup_blocked`.
   */
  async signIn(provider: string, options: flow.SignInOptions = {}): Promise<City> {
    return this.asUser(await flow.signIn(this, "oauth/start", provider, options));
  }

  /** Signs in with an address and its password. */
  async signInWithPassword(
    email: string,
    password: string,
    { refresh, ...options }: CallOptions & { refresh?: boolean | undefined } = {},
  ): Promise<City> {
    const body = { email, password, ...(refresh && { refresh }) };
    return this.asUser(await this.service("accounts").action("login").invoke(body, options));
  }

  /**
   * Adds another way in to this user's account, as `signIn` does it. Needs a sign-in of the last five minutes,
   * finished on this device (`reauthentication_required`). What is somebody else's stays theirs (`identity_taken`). The answer is the same user
   * with a fresh token, in place of this one, and a refresh token where this one has one.
   */
  async link(provider: string, options: flow.SignInOptions = {}): Promise<City> {
    return this.asUser(await flow.signIn(this, "identities/link", provider, { refresh: !!this.refresh_token || undefined, ...options }));
  }

  /** Sends the browser to the provider; the page it comes back to calls `completeRedirect`. */
  signInRedirect(provider: string, options: flow.RedirectOptions = {}): Promise<OauthStart> {
    return flow.signInRedirect(this, "oauth/start", provider, options);
  }

  /** `link` by sending the browser away; the page it comes back to calls `completeRedirect`. */
  linkRedirect(provider: string, options: flow.RedirectOptions = {}): Promise<OauthStart> {
    return flow.signInRedirect(this, "identities/link", provider, { refresh: !!this.refresh_token || undefined, ...options });
  }

  /** On the page that the browser comes back to: the user, or null if this is no return from a sign-in. */
  async completeRedirect(options: flow.CompleteOptions = {}): Promise<City | null> {
    const done = await flow.completeRedirect(this, options);
    return done && this.asUser(done);
  }

  /** Who this user is. */
  me(options?: CallOptions): Promise<Me> {
    return this.service("accounts").get("me", undefined, options);
  }

  /** Revokes this user's session: the token is refused from now on. */
  async logout(options?: CallOptions): Promise<void> {
    await this.service("accounts").action("logout").invoke({}, options);
  }

  /** Settings of the Federation, for an admin. */
  get env() {
    return admin.env(this.#to);
  }

  /** Cities of the Federation, for an admin. */
  get cities() {
    return admin.cities(this.#to);
  }

  /** Admin keys, for an owner. */
  get keys() {
    return admin.keys(this.#to);
  }

  /** The Federation itself, for an admin. */
  get federation() {
    return admin.federation(this.#to);
  }

  /** Tokens made by the product itself, for an admin. */
  get tokens() {
    return admin.tokens(this.#to, this.city_id);
  }
}
