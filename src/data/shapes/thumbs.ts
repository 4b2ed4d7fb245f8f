/**
 * @file TRL's unpaired preferences, `{ prompt, completion, label }`: answers to the same prompt are paired, each once,
 * a good one with a bad one in the order of the rows; `pairing: all` pairs each good one with each bad one.
 */
import { describeValue } from "../../arguments.ts";
import { exactJsonText } from "../../formats/exactJsonText.ts";
import type { Row } from "../datasets/features.ts";
import {
  all,
  type Collector,
  isMessages,
  isText,
  merged,
  mergedAll,
  misfit,
  type NumberedPair,
  only,
  type Pair,
  type Reading,
  type Sample,
  type Shape,
} from "./shape.ts";

const OWN = ["prompt", "completion", "label", "tools", "chat_template_kwargs"];
const isLabel = (value: unknown) => value === true || value === false || value === 0 || value === 1;

interface Thumb {
  row: Row;
  index: number;
}

/** The answers to a prompt: those that are paired once leave. */
interface Group {
  good: Thumb[];
  bad: Thumb[];
  hasPair: boolean;
}

function recognizes(sample: Sample): string | undefined {
  const are = (accepts: (value: unknown) => boolean) =>
    ["prompt", "completion"].every((column) => all(sample, column, accepts));
  if (!all(sample, "label", isLabel)) return undefined;
  const kind = are(isText) ? "texts" : are(isMessages) ? "messages" : undefined;
  return kind && `prompt and completion are ${kind}, label is true or false`;
}

function check({ prompt, completion, label }: Row): void {
  for (const [name, value] of Object.entries({ prompt, completion })) {
    if (!isText(value) && !isMessages(value))
      throw misfit(JSON.stringify(name), "a text or messages", describeValue(value ?? undefined));
  }
  if (!isLabel(label)) throw misfit('"label"', "true or false", describeValue(label ?? undefined));
}

/** Columns of both rows: once where they are equal, else as chosen_NAME and rejected_NAME. */
function restOf(good: Row, bad: Row): Row {
  const names = [...new Set([...Object.keys(good), ...Object.keys(bad)])].filter((name) => !OWN.includes(name));
  const parts = names.map((name): object => {
    const [one, other] = [good, bad].map((row) => only(row, Object.hasOwn(row, name) ? [name] : []));
    if (exactJsonText(one) === exactJsonText(other)) return one;
    const [chosen, rejected] = [good, bad].map((row) => (Object.hasOwn(row, name) ? (row[name] ?? null) : null));
    return { [`chosen_${name}`]: chosen, [`rejected_${name}`]: rejected };
  });
  return mergedAll(parts);
}

function pairOf(good: Thumb, bad: Thumb): NumberedPair {
  const { prompt, completion: chosen, tools, chat_template_kwargs } = good.row;
  const extras = Object.entries({ tools, chat_template_kwargs }).filter(([, value]) => value !== undefined);
  const pair = { prompt, chosen, rejected: bad.row.completion, ...Object.fromEntries(extras) } as Pair;
  const [other, index] = [good.index, bad.index].toSorted((a, b) => a - b);
  return { pair, rest: restOf(good.row, bad.row), index, other };
}

function collects({ pairing, skip }: Reading): Collector {
  const groups = new Map<string, Group>();
  const keyOf = ({ prompt, tools, chat_template_kwargs }: Row) => exactJsonText([prompt, tools, chat_template_kwargs]);
  return {
    add(row, index) {
      check(row);
      const key = keyOf(row);
      const group = groups.get(key) ?? { good: [], bad: [], hasPair: false };
      groups.set(key, group);
      const isGood = row.label === true || row.label === 1;
      const [own, others] = isGood ? [group.good, group.bad] : [group.bad, group.good];
      const one = { row, index };
      const pair = (other: Thumb) => (isGood ? pairOf(one, other) : pairOf(other, one));
      if (pairing === "all") {
        own.push(one);
        return others.map(pair);
      }
      const isOver = pairing === "best-worst" && group.hasPair;
      if (isOver || others.length === 0) {
        own.push(one);
        return [];
      }
      group.hasPair = true;
      return [pair(others.shift() as Thumb)];
    },
    end() {
      for (const { good, bad } of groups.values()) {
        const left = pairing === "all" && good.length > 0 && bad.length > 0 ? [] : [...good, ...bad];
        for (const { index } of left) skip("without an answer of the other label to the same prompt", index);
      }
      return [];
    },
  };
}

/** The columns of one of two rows that were paired. */
function restOfSide(rest: Row, side: "chosen" | "rejected"): Row {
  const other = side === "chosen" ? "rejected" : "chosen";
  const isSplit = (name: string, prefix: string, twin: string) =>
    name.startsWith(`${prefix}_`) && Object.hasOwn(rest, `${twin}_${name.slice(prefix.length + 1)}`);
  const entries = Object.keys(rest).flatMap((name): object[] => {
    if (isSplit(name, other, side)) return [];
    return [isSplit(name, side, other) ? { [name.slice(side.length + 1)]: rest[name] } : only(rest, [name])];
  });
  return mergedAll(entries);
}

export const thumbs: Shape = {
  name: "thumbs",
  recognizes,
  reads: () => [],
  collects,
  writes({ pair: { chosen, rejected, prompt, ...extras }, rest }) {
    const side = (completion: unknown, label: boolean) =>
      merged({ prompt, completion, label, ...extras }, restOfSide(rest, label ? "chosen" : "rejected"));
    return [side(chosen, true), side(rejected, false)];
  },
};
