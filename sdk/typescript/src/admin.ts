/**
 * The Admin API. The client's own `city_id` is added to nothing here but `tokens.apply`: a change to the whole
 * Federation, or to a city, must name what it is about.
 */
import { type CallOptions, type Target, call } from "./http.js";
import type { Answer, Body, Exact, Query } from "./wire.js";

function group<S extends string>(to: Target, service: S) {
  return {
    get: <A extends string>(action: A) => (options?: CallOptions): Promise<Answer<S, A, "get">> =>
      call(to, "GET", `${service}/${action}`, undefined, options),
    post: <A extends string>(action: A) => (body: Exact<S, A>, options?: CallOptions): Promise<Answer<S, A, "post">> =>
      call(to, "POST", `${service}/${action}`, body as object, options),
  };
}

/** The settings and secrets of the Federation. A change is effective at once. */
export function env(to: Target) {
  const { get, post } = group(to, "env");
  return {
    /** All settings; secrets without their values. */
    list: get("list"),
    /** What each service reads, and what of it is set. */
    catalog: get("catalog"),
    /** Sets a key. */
    upsert: post("upsert"),
    /** Forgets a key. */
    remove: post("remove"),
    /** Sets everything in a `.env` text. */
    import: post("import"),
    /** Makes the Federation read its settings again. */
    refresh: (options?: CallOptions): Promise<Answer<"env", "refresh", "post">> => post("refresh")({}, options),
  };
}

/** The products of the Federation. */
export function cities(to: Target) {
  const { get, post } = group(to, "cities");
  return {
    list: get("list"),
    create: post("create"),
    update: post("update"),
    /** Stops a city: its sign-ins and tokens are refused until it is activated. */
    pause: post("pause"),
    activate: post("activate"),
    remove: post("remove"),
  };
}

/** Who may keep the Federation. Changes take an owner's key. */
export function keys(to: Target) {
  const { get, post } = group(to, "admin-keys");
  return {
    list: get("list"),
    /** Makes an admin key: the answer has it, and nothing else ever will. */
    create: post("create"),
    /** Gives a key another secret. */
    rotate: post("rotate"),
    revoke: post("revoke"),
  };
}

/** The Federation itself. */
export function federation(to: Target) {
  return {
    /** Looks the Federation over: all of it, or only a group of checks such as `wechat`. Can take some 30 seconds. */
    doctor: (
      query: Query<"federation", "doctor"> = {},
      options: CallOptions = {},
    ): Promise<Answer<"federation", "doctor", "get">> =>
      call(to, "GET", "federation/doctor", query, { timeout: 90_000, ...options }),
  };
}

/** Tokens made by the product itself. */
export function tokens(to: Target, city_id: string | undefined) {
  return {
    /** Makes a `user_token`, in the client's city if none is named. */
    apply: (
      body: Body<"cities", "tokens/apply">,
      options?: CallOptions,
    ): Promise<Answer<"cities", "tokens/apply", "post">> =>
      call(to, "POST", "cities/tokens/apply", { ...body, city_id: body.city_id ?? city_id }, options),
  };
}
