/** What a failed call throws. */

/** Reasons that this client gives itself; all others come from the Federation. */
export type ClientCode =
  | "network_error"
  | "timeout"
  | "invalid_answer"
  | "login_expired"
  | "login_not_started_here"
  | "code_not_shown"
  | "popup_blocked";

/** A failed call, or a sign-in that ended without a user. An aborted one throws its signal's reason instead. */
export class CityError extends Error {
  override readonly name = "CityError";
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** The answer: JSON where it was JSON, else text. */
  readonly body: any;
  /** Stable reason in snake_case; `http_<status>` where the answer was not the Federation's own. */
  readonly code: ClientCode | (string & {});
  /** The Federation's name for the request, to be quoted to its operator. */
  readonly request_id: string | undefined;
  /** Seconds to wait before another try, where the Federation said so. */
  readonly retry_after: number | undefined;

  constructor(
    message: string,
    about: { code: string; status?: number; body?: any; retry_after?: number | undefined; cause?: unknown },
  ) {
    super(message, "cause" in about ? { cause: about.cause } : undefined);
    this.status = about.status ?? 0;
    this.body = about.body;
    this.code = about.code;
    this.request_id = about.body?.request_id;
    this.retry_after = about.retry_after;
  }

  /** Whether the same call may succeed a little later. */
  get temporary(): boolean {
    return this.status === 429 || this.status >= 500 || this.code === "network_error" || this.code === "timeout";
  }
}
