/** @file The JSON object of a request's body, of a bounded size. */
import type { IncomingMessage } from "node:http";
import { ApiError } from "./apiError.ts";

/** @throws ApiError 400, 413 or 415 */
export async function readJson(request: IncomingMessage, mostBytes: number): Promise<Record<string, unknown>> {
  const type = request.headers["content-type"] ?? "nothing";
  if (!/^application\/json\s*(?:;|$)/i.test(type)) {
    // a form of another site's page can send text/plain without asking
    throw new ApiError(415, `Content-Type: expected application/json, found ${type}`);
  }
  const bytes = await readBytes(request, mostBytes);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? "found a syntax error" : "found invalid UTF-8";
    throw new ApiError(400, `the body: expected JSON, ${reason}`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new ApiError(400, "the body: expected a JSON object");
}

async function readBytes(request: IncomingMessage, mostBytes: number): Promise<Uint8Array> {
  const tooLarge = () => {
    const message = `the body: expected at most ${mostBytes} bytes, found more`;
    return new ApiError(413, message, { code: "body_too_large", headers: { connection: "close" } });
  };
  if (Number(request.headers["content-length"] ?? 0) > mostBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  // `for await` would destroy the request, and with it the answer, when it is left
  await new Promise<void>((resolve, reject) => {
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > mostBytes) {
        request.removeAllListeners("data");
        reject(tooLarge());
      } else chunks.push(chunk);
    });
    request.on("end", resolve);
    request.on("error", () => reject(new ApiError(400, "the body ended early")));
    request.on("close", () => reject(new ApiError(400, "the body ended early")));
  });
  return Buffer.concat(chunks);
}
