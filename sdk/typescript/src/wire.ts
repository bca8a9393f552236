/**
 * The thin layer over the generated types: it looks calls up by their path, so that only paths matter here and not the
 * names of schemas. A call that the OpenAPI document does not have is open (`any`), not an error.
 */
import type { components, operations, paths } from "./wire.gen.js";

export type { components, operations, paths };

type Method = "get" | "post";
type Operation<Path, M extends Method> = Path extends keyof paths ? paths[Path][M] : never;
type Call<S extends string, A extends string, M extends Method> = Operation<`/v1/${S}/${A}`, M>;
type Json<T> = T extends { content: { "application/json": infer J } } ? J : never;
type Good<O> = O extends { responses: infer R } ? (R extends { 200: infer T } ? Json<T> : never) : never;

type Keys<U> = U extends unknown ? keyof U : never;
/** Each member of a union, in which the other members' fields may be read, and are then undefined. */
type Loose<U, All = U> = U extends object ? U & { [K in Exclude<Keys<All>, keyof U>]?: undefined } : U;

/** What `/v1/{S}/{A}` answers. */
export type Answer<S extends string, A extends string, M extends Method> = [Good<Call<S, A, M>>] extends [never]
  ? any
  : Loose<Good<Call<S, A, M>>>;

/** Values of a query; those that are null or undefined are left out. */
export type Params = Record<string, string | number | boolean | null | undefined>;

/** With undefined allowed where a value may be left out. */
type Open<T> = { [K in keyof T]: T[K] | (undefined extends T[K] ? undefined : never) };

/** What `GET /v1/{S}/{A}` takes. */
export type Query<S extends string, A extends string> = [Call<S, A, "get">] extends [never]
  ? Params
  : Call<S, A, "get"> extends { parameters: { query?: infer Q } }
    ? [NonNullable<Q>] extends [never]
      ? Record<string, never>
      : Open<NonNullable<Q>>
    : Params;

type Sent<S extends string, A extends string> = [Call<S, A, "post">] extends [never]
  ? never
  : Call<S, A, "post"> extends { requestBody: { content: { "application/json": infer B } } }
    ? B
    : never;

/** What `POST /v1/{S}/{A}` takes. `city_id` may be left out: the client's own is added. */
export type Body<S extends string, A extends string> = [Sent<S, A>] extends [never]
  ? object
  : Omit<Sent<S, A>, "city_id"> & { city_id?: string | undefined };

/** A call's input and options; the input may be left out where the call needs none. */
export type Input<B, O> = {} extends B ? [body?: B, options?: O] : [body: B, options?: O];

type Tail<P, S extends string, M extends Method> = P extends keyof paths & `/v1/${S}/${infer A}`
  ? paths[P][M] extends object
    ? A
    : never
  : never;
/** The names of a service's calls, for an editor to offer; any other name is open. */
export type Name<S extends string, M extends Method> = Tail<keyof paths, S, M> | (string & {});

/** The same, where `city_id` has to be said. */
export type Exact<S extends string, A extends string> = [Sent<S, A>] extends [never] ? object : Sent<S, A>;

export type ProviderList = Answer<"accounts", "providers", "get">;
export type OauthStart = Answer<"accounts", "oauth/start", "post">;
export type OauthResult = Answer<"accounts", "oauth/result", "get">;
export type SignInDone = Extract<OauthResult, { status: "done" }>;
export type Me = Answer<"accounts", "me", "get">;
/** A time as it is on the wire. */
export type Time = SignInDone["expires_at"];

/** What a way in answers when it is done: enough for `City.asUser`. */
export interface Handed {
  user_token: string;
  user_id?: string | undefined;
  city_id?: string | undefined;
  expires_at?: Time | undefined;
  refresh_token?: string | null | undefined;
}
