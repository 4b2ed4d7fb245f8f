/** @file Extracts the prompt of a row without a prompt column: the common beginning of chosen and rejected. */
import { equalJson } from "../../formats/equalJson.ts";

/** One turn of a conversation. */
export type Message = { role: string } & Record<string, unknown>;

/** A preference row: three texts, or three lists of messages. */
export interface PreferenceRow<T extends string | Message[]> {
  prompt: T;
  chosen: T;
  rejected: T;
}

/**
 * Splits the common beginning off chosen and rejected: TRL's extract_prompt. A text is split before the first character
 * that differs (or before a space in front of it), a conversation before the first turn that differs. If one is the
 * beginning of the other, the last shared character or turn stays with the completions, as in TRL.
 *
 * Two cases where TRL fails: texts that differ from the first character on have no prompt (TRL looks for the space at
 * the last character, and may take nearly all of chosen as the prompt); an empty side gives no prompt (an error in
 * TRL). A surrogate pair is never split.
 */
export function extractPrompt<T extends string | Message[]>({ chosen, rejected }: Omit<PreferenceRow<T>, "prompt">) {
  const length =
    typeof chosen === "string" ? sharedText(chosen, rejected as string) : sharedTurns(chosen, rejected as Message[]);
  return {
    prompt: chosen.slice(0, length),
    chosen: chosen.slice(length),
    rejected: rejected.slice(length),
  } as PreferenceRow<T>;
}

function sharedText(chosen: string, rejected: string): number {
  const shorter = Math.min(chosen.length, rejected.length);
  let length = 0;
  while (length < shorter && chosen[length] === rejected[length]) length++;
  const differs = length < shorter;
  // If one half of a surrogate pair differs, the whole pair does.
  if (length > 0 && isHighSurrogate(chosen.charCodeAt(length - 1)) && differs) length--;
  if (differs) return chosen[length - 1] === " " ? length - 1 : length;
  if (length === 0) return 0;
  const lastCharacter = length > 1 && isHighSurrogate(chosen.charCodeAt(length - 2)) ? 2 : 1;
  return length - lastCharacter;
}

function sharedTurns(chosen: Message[], rejected: Message[]): number {
  const shorter = Math.min(chosen.length, rejected.length);
  let length = 0;
  while (length < shorter && equalJson(chosen[length], rejected[length])) length++;
  return length < shorter ? length : Math.max(0, length - 1);
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}
