/** @file Normalizers of tokenizer.json, applied to a text before it is split. */
import { readPattern } from "./pattern.ts";
import type { Component } from "./tokenizerJson.ts";

export type Normalizer = (text: string) => string;

function strip({ strip_left, strip_right }: Component): Normalizer {
  return (text) => {
    const start = strip_left === false ? text : text.replace(/^\p{White_Space}+/u, "");
    return strip_right === false ? start : start.replace(/\p{White_Space}+$/u, "");
  };
}

function replace({ pattern, content }: Component): Normalizer | undefined {
  const regex = readPattern(pattern);
  return regex && typeof content === "string" ? (text) => text.replace(regex, () => content) : undefined;
}

/** The function of a normalizer; undefined for an unsupported type. */
export function readNormalizer(component: Component | null): Normalizer | undefined {
  switch (component?.type) {
    case undefined:
      return (text) => text;
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD": {
      const form = component.type;
      return (text) => text.normalize(form);
    }
    case "StripAccents":
      return (text) => text.replace(/\p{M}/gu, "");
    case "Lowercase":
      return (text) => text.toLowerCase();
    case "Strip":
      return strip(component);
    case "Replace":
      return replace(component);
    case "Prepend": {
      const { prepend } = component;
      return typeof prepend === "string" ? (text) => (text === "" ? text : prepend + text) : undefined;
    }
    case "Sequence": {
      const parts = (component.normalizers as Component[]).map(readNormalizer);
      if (parts.some((part) => part === undefined)) return undefined;
      return (text) => (parts as Normalizer[]).reduce((value, part) => part(value), text);
    }
    default:
      return undefined;
  }
}
