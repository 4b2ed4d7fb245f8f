/** @file The tokens of one pair for a terminal: prompt, answer, end token, and what max_length cuts. */
import type { Dataset } from "../data/datasets/dataset.ts";
import type { TokenizedPair } from "../data/preferences/tokenizePair.ts";
import type { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import { PrefineError } from "../errors.ts";
import { counted, grouped, onOneLine, rowNames } from "../phrases.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { padText, wrapText } from "../terminal/text.ts";

type Part = "prompt" | "answer" | "eos" | "cut";

const COLORS: Record<Part, number> = { prompt: 36, answer: 32, eos: 35, cut: 31 };
const LABEL = 8;
/** Of the names of the parts. */
const LEGEND_WIDTH = 24;
/** Lines of a part, unless --full. */
const MOST_LINES = 8;
/** Tokens of a part that are looked at, unless --full: more than fit into its lines. */
const MOST_TOKENS = 10_000;
/** Tokens that may make up one character. */
const MOST_BYTES = 8;

export interface TokensOptions {
  tokenizer: Tokenizer;
  max_length: number;
  isFull: boolean;
  /** Name of the row. */
  title: string;
}

/** The first pair of a row, of any format. @throws PrefineError("data") for a row that gives none. */
export async function tokenizedRow(
  dataset: Dataset,
  index: number,
  { tokenizer, title }: TokensOptions,
): Promise<TokenizedPair> {
  const { openPairs } = await import("../data/shapes/readPairs.ts");
  const { trlRow } = await import("../data/shapes/trl.ts");
  const { RowReader } = await import("../data/preferences/rowReader.ts");
  const { tokenizePair } = await import("../data/preferences/tokenizePair.ts");
  const onBadRow = (error: PrefineError, row: number) => {
    if (row === index) throw error;
  };
  const hasChatTemplate = tokenizer.chat_template !== null;
  const nameOf = rowNames(dataset.name, dataset);
  const stream = await openPairs(dataset.rows(), { split: dataset.name, nameOf, onBadRow, hasChatTemplate });
  for await (const pair of stream.pairs()) {
    if (pair.index === index) return tokenizePair(new RowReader().read(trlRow(pair), title), tokenizer);
    if (pair.index > index) break;
  }
  throw new PrefineError("data", `${title}: expected a pair, found a row that gives none`, "Choose another --index.");
}

export function printTokens(pair: TokenizedPair, options: TokensOptions, terminal: Terminal): void {
  const { print, bold, dim } = terminal;
  const space = terminal.ascii ? "_" : "·";
  print(bold(onOneLine(options.title)));
  const legend = (["prompt", "answer", "eos", "cut"] as const).map((part) => paint(part, part, terminal)).join(" ");
  const rest = `| between tokens, ${space} a space; cut: after max_length ${options.max_length}`;
  const [first, ...others] = wrapText(rest, Math.max(20, terminal.columns - LEGEND_WIDTH));
  print(`${legend}   ${dim(first)}`);
  for (const line of others) print(`${" ".repeat(LEGEND_WIDTH)}${dim(line)}`);
  for (const side of ["chosen", "rejected"] as const) {
    const parts = partsOf(pair, pair[`${side}_ids`], options);
    const total = pair.prompt_ids.length + pair[`${side}_ids`].length;
    print(`\n${bold(side)}   ${counted(total, "token")}`);
    for (const [part, ids] of parts) printPart(part, ids, { ...options, space, terminal });
  }
}

/** The parts of a sequence, in order; those without tokens are left out. */
function partsOf(
  { prompt_ids }: TokenizedPair,
  answer: readonly number[],
  { tokenizer, max_length }: TokensOptions,
): [Part, number[]][] {
  const ids = prompt_ids.concat(answer);
  const partOf = (i: number): Part => {
    if (i >= max_length) return "cut";
    if (i < prompt_ids.length) return "prompt";
    return ids[i] === tokenizer.eos_token_id ? "eos" : "answer";
  };
  const parts: [Part, number[]][] = [];
  for (const [i, id] of ids.entries()) {
    const part = partOf(i);
    if (parts.at(-1)?.[0] === part) parts.at(-1)?.[1].push(id);
    else parts.push([part, [id]]);
  }
  return parts;
}

interface Printing extends TokensOptions {
  space: string;
  terminal: Terminal;
}

function printPart(part: Part, ids: readonly number[], { tokenizer, isFull, space, terminal }: Printing): void {
  const label = `  ${part}`;
  const head = padText(label, LABEL + 2) + grouped(ids.length).padStart(6);
  const width = Math.max(20, terminal.columns - head.length - 2);
  const text = spelledTokens(isFull ? ids : ids.slice(0, MOST_TOKENS), tokenizer)
    .map((token) => onOneLine(token).replace(UNSEEN, escaped).replaceAll(" ", space))
    .join("|");
  const lines = wrapText(text, width);
  const visible = isFull || lines.length <= MOST_LINES ? lines : lines.slice(0, MOST_LINES - 1);
  visible.forEach((line, i) => {
    terminal.print(`${i === 0 ? head : " ".repeat(head.length)}  ${paint(part, line, terminal)}`);
  });
  const hidden = lines.length - visible.length;
  const more = !isFull && ids.length > MOST_TOKENS ? "more" : `${counted(hidden, "line")} more`;
  if (hidden > 0) terminal.print(terminal.dim(`${" ".repeat(head.length)}  ... ${more} (--full)`));
}

/** Characters without width, and spaces that are not the usual one. */
const UNSEEN = /[\u00a0\u00ad\u180e\u2000-\u200d\u2060-\u2064\u3000\ufeff]|[\ufe00-\ufe0f]/g;

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Texts of tokens; those that make up one character stay together. */
function spelledTokens(ids: readonly number[], tokenizer: Tokenizer): string[] {
  const texts: string[] = [];
  for (let start = 0; start < ids.length; ) {
    let end = start + 1;
    let text = tokenizer.decode(ids.slice(start, end));
    while (text.includes("\ufffd") && end < ids.length && end - start < MOST_BYTES) {
      end++;
      text = tokenizer.decode(ids.slice(start, end));
    }
    if (text.includes("\ufffd")) {
      end = start + 1;
      text = tokenizer.decode(ids.slice(start, end));
    }
    texts.push(text);
    start = end;
  }
  return texts;
}

function paint(part: Part, text: string, { color }: Terminal): string {
  return color ? `\x1b[${COLORS[part]}m${text}\x1b[0m` : text;
}
