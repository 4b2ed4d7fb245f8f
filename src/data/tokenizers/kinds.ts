/** @file Reads the parts of tokenizer.json by their `type`, or refuses one by name. */
import { PrefineError, show } from "../../errors.ts";
import type { Component } from "./tokenizerJson.ts";

/** Reads one component. @param where names it in messages: the file and the part. */
export type Reader<T> = (component: Component, where: string) => T;

/** The kinds of one part of tokenizer.json. */
export interface Kinds<T> {
  readers: Record<string, Reader<T>>;
  /** Kinds that Hugging Face's tokenizers have and prefine refuses, with the reason. */
  refused: Record<string, string>;
}

/** What to do about a kind that is refused. */
export const SEE_KINDS = "Use a tokenizer of another kind: COMPATIBILITY.md lists those that are supported.";

/** @throws PrefineError("not-yet") for a kind that is not supported. */
export function readKind<T>({ readers, refused }: Kinds<T>, component: Component, where: string): T {
  const { type } = component;
  if (Object.hasOwn(readers, type)) return readers[type](component, `${where}: ${type}`);
  const reason = Object.hasOwn(refused, type) ? refused[type] : `supported: ${Object.keys(readers).join(", ")}`;
  throw new PrefineError("not-yet", `${where}: type ${show(type)} is not supported (${reason})`, SEE_KINDS);
}

/** The components of a Sequence, each read. */
export function readSequence<T>(kinds: Kinds<T>, list: unknown, where: string): T[] {
  if (!Array.isArray(list)) throw damaged(where, "a list of components", list);
  return list.map((item, i) => {
    const isComponent = typeof item === "object" && item !== null && typeof (item as Component).type === "string";
    if (!isComponent) throw damaged(`${where}[${i}]`, "a component with a type", item);
    return readKind(kinds, item as Component, `${where}[${i}]`);
  });
}

/** @throws PrefineError("model") with what a setting should be. */
export function damaged(where: string, expected: string, actual: unknown): PrefineError {
  const message = `${where}: expected ${expected}, found ${show(actual)}`;
  return new PrefineError("model", message, "The file may be damaged: download or save the tokenizer again.");
}

/** A setting that is a text. */
export function textSetting(component: Component, name: string, where: string): string {
  const value = component[name];
  if (typeof value !== "string") throw damaged(`${where}.${name}`, "a text", value);
  return value;
}
