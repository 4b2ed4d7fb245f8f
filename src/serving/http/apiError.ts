/** @file Errors of a request, in the form of OpenAI's API: { error: { message, type, param, code } }. */
import { PrefineError } from "../../errors.ts";
import { NonFiniteLogits } from "../../generation/sequence.ts";

export interface ErrorDetails {
  /** The parameter that is wrong. */
  param?: string;
  /** OpenAI's code, such as `context_length_exceeded`. */
  code?: string;
  /** Headers of the answer. */
  headers?: Record<string, string>;
}

/** OpenAI's `type` by status. */
const TYPES: Record<number, string> = {
  401: "authentication_error",
  403: "permission_error",
  429: "rate_limit_error",
  500: "server_error",
  503: "server_error",
};

/** An error that the client receives. */
export class ApiError extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;
  private readonly param: string | null;
  private readonly code: string | null;

  constructor(status: number, message: string, { param, code, headers = {} }: ErrorDetails = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
    this.param = param ?? null;
    this.code = code ?? null;
  }

  /** The body of the answer. */
  get body() {
    const type = TYPES[this.status] ?? "invalid_request_error";
    return { error: { message: this.message, type, param: this.param, code: this.code } };
  }
}

/** What the client receives of any error: details of the user's input, not of the server's folders or code. */
export function apiErrorOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof NonFiniteLogits)
    return new ApiError(500, "the model's scores are not finite: its files are damaged");
  if (error instanceof PrefineError && (error.code === "data" || error.code === "config"))
    return new ApiError(400, [error.message, error.hint].filter(Boolean).join(" "));
  return new ApiError(500, "the server failed at this request; its own output says why");
}
