/**
 * @file Who may ask: the Host and Origin of a request, and the token. A page of another site that runs in the user's
 * browser can reach 127.0.0.1 (CSRF), or make its own name point there (DNS rebinding): both are refused.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { ApiError } from "./apiError.ts";

export interface GuardOptions {
  /** The address that the server listens at. */
  host: string;
  /** Requests must have it as `Authorization: Bearer TOKEN`; undefined: none is needed. */
  token?: string | undefined;
  /** Origins of pages that may ask, besides the server's own. */
  origins: readonly string[];
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;

/** Whether only programs of this machine reach an address. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host.replace(/^\[|\]$/g, "").toLowerCase());

/** @returns headers that let an allowed page read the answer. @throws ApiError 403 or 401 */
export function checkAccess(
  { headers, method }: Pick<IncomingMessage, "headers" | "method">,
  options: GuardOptions & { isOpen: boolean },
): Record<string, string> {
  const { host, origin } = headers;
  if (isLoopback(options.host) && !isLoopback(hostName(host))) {
    const message = `Host: expected localhost or 127.0.0.1, found ${JSON.stringify(host ?? "")}`;
    throw new ApiError(403, message, { code: "host_not_allowed" });
  }
  const isOwn = origin === undefined || origin === `http://${host}`;
  if (!isOwn && !options.origins.includes(origin)) {
    const message = `Origin: expected a page that the server allows, found ${JSON.stringify(origin)}`;
    throw new ApiError(403, `${message}; prefine serve --allow-origin allows it`, { code: "origin_not_allowed" });
  }
  const cors: Record<string, string> = isOwn ? {} : { "access-control-allow-origin": origin, vary: "Origin" };
  const isPreflight = method === "OPTIONS"; // has no token, by the standard
  if (!options.isOpen && !isPreflight) checkToken(headers.authorization, options.token, cors);
  return cors;
}

/** `127.0.0.1:8000` -> `127.0.0.1`. */
const hostName = (host = "") => /^(\[[^\]]*\]|[^:]*)(?::\d+)?$/.exec(host)?.[1] ?? "";

function checkToken(given: string | undefined, token: string | undefined, headers: Record<string, string>): void {
  if (token === undefined) return;
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const [, found = ""] = /^Bearer +(.+)$/i.exec(given ?? "") ?? [];
  if (timingSafeEqual(digest(found), digest(token))) return; // takes as long for any token
  const message =
    given === undefined
      ? "expected a token: Authorization: Bearer TOKEN (apiKey of OpenAI's clients)"
      : "the token is another one than this server's";
  throw new ApiError(401, message, { code: "invalid_api_key", headers: { ...headers, "www-authenticate": "Bearer" } });
}
