/** @file Random choices as a pure function of the seed and a text: adding a question changes no other choice. */
import { createHash } from "node:crypto";
import { SEED } from "./settings.ts";

/** SHA-256 as hexadecimal digits: ultrafeedback's prompt_id of a prompt. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** 32 random bits for `what`. */
export function drawBits(what: string): number {
  return Number.parseInt(sha256(`${SEED}\n${what}`).slice(0, 8), 16);
}

/** The items in a random order for `what`. */
export function shuffled<T>(items: readonly T[], what: string, nameOf: (item: T, index: number) => string): T[] {
  const keyed = items.map((item, i) => ({ item, key: sha256(`${SEED}\n${what}\n${nameOf(item, i)}`) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ item }) => item);
}
