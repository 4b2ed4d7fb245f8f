/**
 * @file Calls that one rank makes for all: rank 0 does the work, and every rank gets its result or its error. All ranks
 * make the same calls in the same order, which is checked.
 */
import type { DeviceRanks } from "../engine/runtime/device.ts";
import { PrefineError, type PrefineErrorCode } from "../errors.ts";

/**
 * `share(name, work)`: the result of rank 0's `work`: what JSON holds, undefined, or bytes.
 * @throws its PrefineError on every rank.
 */
export type ShareCall = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** Calls made at the same time are taken one after the other, in the order in which they were made. */
export function shareCalls(ranks: DeviceRanks): ShareCall {
  let last: Promise<unknown> = Promise.resolve();
  return (name, work) => {
    const call = last.then(() => shareCall(ranks, name, work));
    last = call.catch(() => {});
    return call;
  };
}

interface Header {
  name: string;
  kind: "json" | "bytes" | "buffer" | "undefined" | "error";
  value?: unknown;
}

async function shareCall<T>(ranks: DeviceRanks, name: string, work: () => Promise<T>): Promise<T> {
  if (ranks.world.rank > 0) {
    const message = decode(await ranks.share(null));
    if (message.header.name === name) return resultOf<T>(message);
    const found = `rank 0 is at ${message.header.name}`;
    throw new Error(`internal: rank ${ranks.world.rank} is at ${name}, ${found}`);
  }
  const outcome = await work().then(
    (result) => ({ bytes: encode(name, result), finish: () => result }),
    (error) => ({ bytes: encodeError(name, error), finish: () => Promise.reject(error) }),
  );
  await ranks.share(outcome.bytes);
  return outcome.finish();
}

function encode(name: string, result: unknown): Uint8Array {
  if (result === undefined) return joined({ name, kind: "undefined" });
  if (result instanceof Uint8Array) return joined({ name, kind: "bytes" }, result);
  if (result instanceof ArrayBuffer) return joined({ name, kind: "buffer" }, new Uint8Array(result));
  return joined({ name, kind: "json", value: result });
}

function encodeError(name: string, error: unknown): Uint8Array {
  const { code, message, hint } = error as PrefineError;
  return joined({ name, kind: "error", value: { code: error instanceof PrefineError ? code : null, message, hint } });
}

/** The header's length, the header, the bytes. */
function joined(header: Header, bytes: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const whole = new Uint8Array(4 + text.length + bytes.length);
  new DataView(whole.buffer).setUint32(0, text.length);
  whole.set(text, 4);
  whole.set(bytes, 4 + text.length);
  return whole;
}

interface Message {
  header: Header;
  bytes: Uint8Array;
}

function decode(whole: Uint8Array): Message {
  const length = new DataView(whole.buffer, whole.byteOffset).getUint32(0);
  const header = JSON.parse(new TextDecoder().decode(whole.subarray(4, 4 + length))) as Header;
  return { header, bytes: whole.subarray(4 + length) };
}

function resultOf<T>({ header: { kind, value }, bytes }: Message): T {
  if (kind === "error") throw errorOf(value as { code: PrefineErrorCode | null; message: string; hint?: string });
  const results = {
    json: () => value,
    undefined: () => undefined,
    bytes: () => bytes,
    buffer: () => bytes.slice().buffer,
  };
  return results[kind]() as T;
}

function errorOf({ code, message, hint }: { code: PrefineErrorCode | null; message: string; hint?: string }): Error {
  return code === null ? new Error(message) : new PrefineError(code, message, hint);
}
