/** @file Decoders of tokenizer.json: tokens -> strings whose concatenation is the text. */
import { bytesOfToken } from "./byteAlphabet.ts";
import { readPattern } from "./pattern.ts";
import type { Component } from "./tokenizerJson.ts";

export type DecodeStep = (tokens: string[]) => string[];

const BYTE = /^<0x([0-9A-F]{2})>$/i;

function byteLevel(tokens: string[]): string[] {
  const bytes = tokens.flatMap((token) => Array.from(bytesOfToken(token)));
  return [new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes))];
}

/** Decodes runs of byte tokens; if a run is invalid UTF-8, each byte becomes U+FFFD. */
function byteFallback(tokens: string[]): string[] {
  const texts: string[] = [];
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length === 0) return;
    try {
      const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
      texts.push(decoder.decode(Uint8Array.from(bytes)));
    } catch {
      texts.push(...bytes.map(() => "\ufffd"));
    }
    bytes = [];
  };
  for (const token of tokens) {
    const hex = BYTE.exec(token)?.[1];
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else {
      flush();
      texts.push(token);
    }
  }
  flush();
  return texts;
}

function strip({ content, start, stop }: Component): DecodeStep {
  const mark = String(content);
  return (tokens) =>
    tokens.map((token) => {
      const points = Array.from(token);
      let first = 0;
      let last = points.length;
      while (first < Number(start) && points[first] === mark) first++;
      while (points.length - last < Number(stop) && last > first && points[last - 1] === mark) last--;
      return points.slice(first, last).join("");
    });
}

function metaspace({ replacement = "▁", prepend_scheme, add_prefix_space }: Component): DecodeStep {
  const mark = String(replacement);
  const isPrefixed = (prepend_scheme ?? (add_prefix_space === false ? "never" : "always")) !== "never";
  return (tokens) => tokens.map((token, i) => token.replaceAll(mark, i === 0 && isPrefixed ? "" : " "));
}

function replace({ pattern, content }: Component): DecodeStep | undefined {
  const regex = readPattern(pattern);
  return regex && typeof content === "string"
    ? (tokens) => tokens.map((token) => token.replace(regex, () => content))
    : undefined;
}

/** The function of a decoder; undefined for an unsupported type. */
export function readDecoder(component: Component | null): DecodeStep | undefined {
  switch (component?.type) {
    case undefined:
      return (tokens) => [tokens.join(" ")];
    case "ByteLevel":
      return byteLevel;
    case "ByteFallback":
      return byteFallback;
    case "Fuse":
      return (tokens) => [tokens.join("")];
    case "Strip":
      return strip(component);
    case "Metaspace":
      return metaspace(component);
    case "Replace":
      return replace(component);
    case "Sequence": {
      const parts = (component.decoders as Component[]).map(readDecoder);
      if (parts.some((part) => part === undefined)) return undefined;
      return (tokens) => (parts as DecodeStep[]).reduce((texts, part) => part(texts), tokens);
    }
    default:
      return undefined;
  }
}
