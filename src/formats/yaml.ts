/** @file YAML from outside -> plain values, in bounded time: the library compares each key with all others. */
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  stringify,
  visit,
} from "yaml";
import { DEEPEST } from "./parseJson.ts";

/** Characters of a run file or of a card's header; cards with thousands of configurations have a tenth. */
const LONGEST = 4_000_000;
const MOST_ALIASES = 1000;

/** YAML of plain values, whose texts read the same in YAML 1.1 (PyYAML): `no` and `1e-5` are quoted. */
export function yamlText(value: unknown): string {
  return stringify(value, { version: "1.1", lineWidth: 0 });
}

/**
 * YAML 1.2 with merge keys.
 * @throws SyntaxError, whose message is one line, for anything that is no YAML, that nests too deeply or that grows by
 *   aliases of aliases.
 */
export function parseYaml(text: string): unknown {
  if (text.length > LONGEST) throw new SyntaxError(`${text.length} characters, at most ${LONGEST} are read`);
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, {
      merge: true,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: "silent",
      lineCounter: lines,
    });
    const [error] = document.errors;
    if (error && /call stack/i.test(error.message)) throw new SyntaxError("it nests too deeply"); // the library's own
    if (error) throw faultAt(error.message, error.pos[0], lines);
    checkNode(document.contents, lines, 0);
    checkAliases(document);
    return document.toJS();
  } catch (error) {
    if (error instanceof RangeError) throw new SyntaxError("it nests too deeply"); // the library's own recursion
    throw new SyntaxError((error as Error).message.split("\n")[0].replace(/:$/, ""));
  }
}

/** The library walks the document for each alias. */
function checkAliases(document: Document): void {
  let aliases = 0;
  visit(document, { Alias: () => void aliases++ });
  if (aliases > MOST_ALIASES) throw new SyntaxError(`${aliases} aliases, at most ${MOST_ALIASES} are read`);
}

function faultAt(message: string, offset: number | undefined, lines: LineCounter): SyntaxError {
  if (offset === undefined) return new SyntaxError(message);
  const { line, col } = lines.linePos(offset);
  return new SyntaxError(`${message} at line ${line}, column ${col}`);
}

/** Lists and objects as keys are refused: their names would be texts of themselves, which double with each level. */
function checkNode(node: unknown, lines: LineCounter, depth: number): void {
  if (depth > DEEPEST) throw new SyntaxError("it nests too deeply");
  if (isSeq(node)) for (const item of node.items) checkNode(item, lines, depth + 1);
  if (isPair(node)) checkNode(node.value, lines, depth + 1); // in a list, as of !!omap
  if (!isMap(node)) return;
  const keys = new Set<string>();
  for (const { key, value } of node.items as Pair[]) {
    const at = (key as { range?: [number] } | null)?.range?.[0];
    if (key !== null && !isScalar(key) && !isAlias(key)) throw faultAt("Map keys must be texts or numbers", at, lines);
    const name = isScalar(key) ? String(key.value) : undefined;
    if (name !== undefined && name !== "<<") {
      if (keys.has(name)) throw faultAt("Map keys must be unique", at, lines);
      keys.add(name);
    }
    checkNode(value, lines, depth + 1);
  }
}
