/** @file The special tokens that a tokenizer puts around a text. */
import { PrefineError, show } from "../../errors.ts";
import { damaged, type Kinds, readKind, readSequence, SEE_KINDS } from "./kinds.ts";
import type { SpecialTokenName } from "./specialTokens.ts";
import type { Component } from "./tokenizerJson.ts";
import type { TokensAround } from "./tokenizerParts.ts";

/** Ids around a text: `before` and `after`. */
export interface Template {
  before: number[];
  after: number[];
}

const NOTHING: Template = { before: [], after: [] };

export const POST_PROCESSORS: Kinds<Template> = {
  readers: {
    ByteLevel: () => NOTHING,
    TemplateProcessing: template,
    RobertaProcessing: aroundText,
    BertProcessing: aroundText,
    Sequence: (component, where) => {
      const adding = readSequence(POST_PROCESSORS, component.processors, where).filter(
        ({ before, after }) => before.length + after.length > 0,
      );
      if (adding.length <= 1) return adding[0] ?? NOTHING;
      const message = `${where}: more than one processor that adds tokens is not supported`;
      throw new PrefineError("not-yet", message, SEE_KINDS);
    },
  },
  refused: {},
};

/** The tokens that the post-processor puts around one text. @param where names the file in messages. */
export function readTemplate(postProcessor: Component | null, where: string): Template {
  return postProcessor === null ? NOTHING : readKind(POST_PROCESSORS, postProcessor, `${where}: post_processor`);
}

/** `cls` before and `sep` after, each [token, id]. */
function aroundText(component: Component, where: string): Template {
  const idOf = (name: string): number => {
    const pair = component[name];
    if (Array.isArray(pair) && Number.isInteger(pair[1]) && pair[1] >= 0) return pair[1];
    throw damaged(`${where}.${name}`, "[token, id]", pair);
  };
  return { before: [idOf("cls")], after: [idOf("sep")] };
}

function template(component: Component, where: string): Template {
  const { single, special_tokens: tokens } = component;
  if (!Array.isArray(single)) throw damaged(`${where}.single`, "a list", single);
  const texts = single.filter((item) => sequenceName(item) !== undefined);
  if (texts.length !== 1 || sequenceName(texts[0]) !== "A") {
    const message = `${where}.single: expected the text ($A) once, found ${show(single)}`;
    throw new PrefineError("not-yet", message, SEE_KINDS);
  }
  const at = single.indexOf(texts[0]);
  const idsOf = (item: { SpecialToken?: { id?: unknown } }): number[] => {
    const name = String(item?.SpecialToken?.id);
    const token = (tokens as Record<string, { ids?: unknown }> | undefined)?.[name];
    const ids = token?.ids;
    if (Array.isArray(ids) && ids.every((id) => Number.isInteger(id) && id >= 0)) return ids;
    throw damaged(`${where}.special_tokens`, `ids of ${show(name)}`, token);
  };
  return { before: single.slice(0, at).flatMap(idsOf), after: single.slice(at + 1).flatMap(idsOf) };
}

function sequenceName(item: unknown): unknown {
  return (item as { Sequence?: { id?: unknown } } | null)?.Sequence?.id;
}

/**
 * The post-processor of a class that sets it itself: its special tokens around a text.
 * @param idOf a named token's id; null without one
 */
export function classTemplate(
  { before, after, withoutToken = {} }: TokensAround,
  special: ReadonlyMap<string, string>,
  idOf: (name: string) => number | null,
): Component {
  const tokens = (names: readonly SpecialTokenName[]) =>
    names.flatMap((name): [string, number][] => {
      const id = idOf(name) ?? withoutToken[name];
      return id === undefined ? [] : [[special.get(name) ?? "None", id]];
    });
  return templateAround(tokens(before), tokens(after));
}

/** A post-processor that puts tokens around a text, each [token, id]. */
function templateAround(before: [string, number][], after: [string, number][]): Component {
  const special = (type_id: number) => (token: [string, number]) => ({ SpecialToken: { id: token[0], type_id } });
  const around = (name: "A" | "B", type_id: number) => [
    ...before.map(special(type_id)),
    { Sequence: { id: name, type_id } },
    ...after.map(special(type_id)),
  ];
  const tokens = [...before, ...after].map(([token, id]) => [token, { id: token, ids: [id], tokens: [token] }]);
  return {
    type: "TemplateProcessing",
    single: around("A", 0),
    pair: [...around("A", 0), ...around("B", 1)],
    special_tokens: Object.fromEntries(tokens),
  };
}
