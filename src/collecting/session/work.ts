/** @file What is judged: prompts of a file or a dataset, or pairs that have both answers. */
import { extname } from "node:path";
import { loadDataset } from "../../data/datasets/loadDataset.ts";
import { extractPrompt, type Message } from "../../data/preferences/extractPrompt.ts";
import { readPreferenceRow } from "../../data/preferences/readRow.ts";
import { readingLine } from "../../data/shapes/readingLine.ts";
import { openPairs } from "../../data/shapes/readPairs.ts";
import { isMessages, isText, type ShapeOptions } from "../../data/shapes/shape.ts";
import { trlRow } from "../../data/shapes/trl.ts";
import { nearbyHint } from "../../disk/nearbyNames.ts";
import { exists, wholeText } from "../../disk/readFiles.ts";
import { PrefineError } from "../../errors.ts";
import type { Content, Side } from "../events.ts";
import type { Work } from "./session.ts";

export interface DataAccess {
  /** Default: the first. */
  split?: string | undefined;
  /** How rows of pairs are read. Default: recognized, ties included. */
  shape?: ShapeOptions | undefined;
  /** Most rows. */
  limit?: number | undefined;
  token?: string | undefined;
  signal?: AbortSignal | undefined;
  onLine: (line: string) => void;
}

/** How prompts are given to the models. */
export interface PromptForm {
  /** Messages, for models with a chat template; else texts. */
  isChat: boolean;
  /** Before each prompt that has no system message. */
  system?: string | undefined;
}

/** A prompt in the form that the models take. @throws PrefineError("data") for messages where they take texts. */
function promptFor(prompt: Content, where: string, { isChat, system }: PromptForm): Content {
  if (!isChat) {
    if (isText(prompt)) return prompt;
    const message = `${where}: expected a text, found messages: the model has no chat template`;
    throw new PrefineError("data", message, "Choose a chat model, or prompts that are texts.");
  }
  const messages = isText(prompt) ? [{ role: "user", content: prompt }] : prompt;
  const hasSystem = messages[0]?.role === "system";
  return system === undefined || hasSystem ? messages : [{ role: "system", content: system }, ...messages];
}

/**
 * The prompts of a file with one per line, or of a dataset.
 * @throws PrefineError("data") for none, for rows without prompts
 */
export async function readPrompts(place: string, form: PromptForm, access: DataAccess): Promise<Work[]> {
  const prompts = extname(place) === ".txt" ? await linesOf(place) : await promptsOfDataset(place, access);
  const some = prompts.slice(0, access.limit);
  if (some.length === 0) throw new PrefineError("data", `${place}: expected prompts, found none`);
  return some.map(({ prompt, where }) => ({ prompt: promptFor(prompt, where, form) }));
}

interface Found {
  prompt: Content;
  where: string;
}

async function linesOf(file: string): Promise<Found[]> {
  if (!(await exists(file))) {
    const hint = await nearbyHint(file, "Write one prompt per line.");
    throw new PrefineError("io", `${file}: expected a file of prompts, found no such file`, hint);
  }
  const lines = (await wholeText(file)).split(/\r?\n/);
  return lines.flatMap((prompt, i) => (prompt.trim() === "" ? [] : [{ prompt, where: `${file} line ${i + 1}` }]));
}

async function promptsOfDataset(place: string, access: DataAccess): Promise<Found[]> {
  const rows = await splitOf(place, access);
  const found: Found[] = [];
  for await (const row of rows.rows()) {
    if (found.length === access.limit) break;
    const where = `${place} ${rows.name} row ${found.length}`;
    found.push({ prompt: promptOfRow(row, where), where });
  }
  return found;
}

/** The prompt column; messages up to the last of the user; what chosen and rejected begin with. */
function promptOfRow(row: Record<string, unknown>, where: string): Content {
  const { prompt, messages, chosen, rejected } = row;
  if (isText(prompt) || isMessages(prompt)) return prompt;
  if (isMessages(messages)) {
    const end = messages.findLastIndex(({ role }) => role === "user") + 1;
    if (end > 0) return messages.slice(0, end);
  }
  if (isMessages(chosen) && isMessages(rejected)) return extractPrompt<Message[]>({ chosen, rejected }).prompt;
  if (isText(chosen) && isText(rejected)) return extractPrompt<string>({ chosen, rejected }).prompt;
  const message = `${where}: expected a column prompt or messages, found ${Object.keys(row).join(", ")}`;
  throw new PrefineError("data", message, "Rename the column, or write the prompts into a .txt file, one per line.");
}

async function splitOf(place: string, { split, token, signal, onLine }: DataAccess) {
  const splits = await loadDataset(place, { split, token, signal, onWarning: onLine });
  return splits.split(split ?? splits.splitNames[0]);
}

/** What the answers of a file of pairs are called: winRate("chosen") says how often its labels are agreed with. */
const SIDES = ["chosen", "rejected"] as const;

/** The pairs of a dataset of any format, ties included. @throws PrefineError("data") */
export async function readJudged(place: string, access: DataAccess): Promise<Work[]> {
  const rows = await splitOf(place, access);
  const shape = { ...access.shape, ties: access.shape?.ties ?? "both" };
  const stream = await openPairs(rows.rows(), { split: rows.name, ...shape });
  access.onLine(`${place}: ${readingLine(stream, shape)}`);
  const work: Work[] = [];
  for await (const pair of stream.pairs()) {
    if (work.length === access.limit) break;
    const row = trlRow(pair);
    const read = readPreferenceRow(row, {
      where: `${place} ${rows.name} row ${pair.index}`,
      implicitPrompt: !Object.hasOwn(row, "prompt"),
    });
    const sides = SIDES.map((name): Side => ({ answer: read[name], source: name, tokens: null, settings: null }));
    work.push({ prompt: read.prompt, sides: [sides[0], sides[1]] });
  }
  for (const line of stream.lines()) access.onLine(line);
  if (work.length > 0) return work;
  throw new PrefineError("data", `${place}: expected pairs of answers, found none`);
}
