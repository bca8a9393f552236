/** `@downcity/city`: the client of a Downcity Federation. */
export { City, type CityOptions } from "./city.js";
export { CityError, type ClientCode } from "./error.js";
export type { CallOptions } from "./http.js";
export type { CompleteOptions, KeyStore, RedirectOptions, SignInOptions } from "./sign-in.js";
export type {
  Answer,
  Body,
  Handed,
  Me,
  OauthResult,
  OauthStart,
  Params,
  ProviderList,
  Query,
  SignInDone,
  Time,
  components,
  paths,
} from "./wire.js";
