/** @file The model Unigram of tokenizer.json (SentencePiece): the split of a word with the highest sum of scores. */
import { PrefineError, show } from "../../errors.ts";
import { byteSpeller } from "./byteTokens.ts";
import { damaged } from "./kinds.ts";
import { missingUnknown } from "./missingUnknown.ts";
import type { TokenizerModel } from "./tokenizerJson.ts";
import type { WordEncoder } from "./wordCache.ts";

/** An unknown character has the lowest score minus this. */
const UNKNOWN_PENALTY = 10;
/** Tokens that may be compared for each character: those of real vocabularies have at most 16 or so. */
const STEPS_PER_CHARACTER = 500;
const LEAST_STEPS = 10_000_000;
/** Longest word in UTF-16 units: about 100 bytes each. */
const LONGEST_WORD = 4_000_000;

interface Vocabulary {
  scores: Float64Array;
  unknownId: number | undefined;
  unknownScore: number;
  /** Prefixes of tokens: parent node * 65,536 + UTF-16 unit -> node; the root is 0. */
  nodes: Map<number, number>;
  /** Id of the token that ends at a node, or -1. */
  idAt: Int32Array;
}

/** @param idOf the model's vocabulary. @param where names the file in messages. */
export function unigramModel(model: TokenizerModel, idOf: ReadonlyMap<string, number>, where: string): WordEncoder {
  const vocabulary = readScores(model, idOf, where);
  const bytesOf = model.byte_fallback === true ? byteSpeller(idOf) : undefined;
  const { unknownId } = vocabulary;
  return (word) => {
    const ids: number[] = [];
    for (const { start, end, id } of bestPath(word, vocabulary, where)) {
      if (id !== unknownId) {
        ids.push(id);
        continue;
      }
      // unknown characters in a row are one piece, which a token may have after all
      const piece = word.slice(start, end);
      const known = idOf.get(piece);
      const bytes = known === undefined ? bytesOf?.(piece) : undefined;
      if (bytes) for (const byte of bytes) ids.push(byte);
      else ids.push(known ?? unknownId);
    }
    return ids;
  };
}

function readScores(model: TokenizerModel, idOf: ReadonlyMap<string, number>, where: string): Vocabulary {
  const list = Array.isArray(model.vocab) ? (model.vocab as unknown[]) : [];
  const scores = Float64Array.from(list, (item, id) => {
    const score = (item as unknown[])[1];
    if (typeof score === "number" && Number.isFinite(score)) return score;
    throw damaged(`${where}: vocabulary: score of token ${id}`, "a number", score);
  });
  const unknown = model.unk_id ?? undefined;
  const isId = unknown === undefined || (Number.isInteger(unknown) && (unknown as number) < scores.length);
  if (!isId || Number(unknown) < 0) throw damaged(`${where}: unk_id`, "an id of the vocabulary", unknown);
  const lowest = scores.reduce((least, score) => Math.min(least, score), Number.POSITIVE_INFINITY);
  return {
    scores,
    unknownId: unknown as number | undefined,
    unknownScore: lowest - UNKNOWN_PENALTY,
    ...prefixTree(idOf),
  };
}

function prefixTree(idOf: ReadonlyMap<string, number>): Pick<Vocabulary, "nodes" | "idAt"> {
  const nodes = new Map<number, number>();
  const ids: number[] = [-1];
  for (const [token, id] of idOf) {
    let node = 0;
    for (let i = 0; i < token.length; i++) {
      const key = node * 65_536 + token.charCodeAt(i);
      const next = nodes.get(key);
      node = next ?? ids.length;
      if (next !== undefined) continue;
      nodes.set(key, node);
      ids.push(-1);
    }
    if (node !== 0) ids[node] = id;
  }
  return { nodes, idAt: Int32Array.from(ids) };
}

interface Piece {
  start: number;
  end: number;
  id: number;
}

/** The best path to each position, in UTF-16 units. */
class Paths {
  private readonly best: Float64Array;
  /** Start of the piece that ends at a position; -1: none does. */
  readonly startOf: Int32Array;
  readonly idOf: Int32Array;

  constructor(length: number) {
    this.best = new Float64Array(length + 1);
    this.startOf = new Int32Array(length + 1).fill(-1);
    this.idOf = new Int32Array(length + 1);
  }

  /** Among equal sums, the path found first stays. */
  take(start: number, end: number, id: number, score: number): void {
    const sum = this.best[start] + score;
    if (this.startOf[end] >= 0 && sum <= this.best[end]) return;
    this.best[end] = sum;
    this.startOf[end] = start;
    this.idOf[end] = id;
  }
}

/** Viterbi's algorithm. */
function bestPath(word: string, vocabulary: Vocabulary, where: string): Piece[] {
  const length = word.length;
  checkLength(length, where);
  const paths = new Paths(length);
  const { nodes, idAt, scores, unknownId, unknownScore } = vocabulary;
  let steps = LEAST_STEPS + STEPS_PER_CHARACTER * length;
  for (let start = 0; start < length; ) {
    const next = start + ((word.codePointAt(start) as number) > 0xffff ? 2 : 1);
    let isKnown = false;
    let node: number | undefined = 0;
    for (let end = start; end < length; ) {
      node = nodes.get(node * 65_536 + word.charCodeAt(end++));
      if (node === undefined) break;
      if (--steps < 0) throw tooManySteps(length, where);
      if (idAt[node] < 0) continue;
      paths.take(start, end, idAt[node], scores[idAt[node]]);
      isKnown ||= end === next;
    }
    if (!isKnown) {
      if (unknownId === undefined) throw missingUnknown(show(word.slice(start, next)), where);
      paths.take(start, next, unknownId, unknownScore);
    }
    start = next;
  }
  return piecesOf(paths.startOf, paths.idOf, unknownId);
}

function checkLength(length: number, where: string): void {
  if (length <= LONGEST_WORD) return;
  const message = `${where}: expected words of at most ${LONGEST_WORD} characters, found ${length}`;
  throw new PrefineError("data", message, "Is the row a text? Leave it out, or put spaces into it.");
}

function tooManySteps(length: number, where: string): PrefineError {
  const message = `${where}: the vocabulary takes too many steps on a word of ${length} characters`;
  return new PrefineError("model", message, "Is this the right tokenizer? Its tokens are very long.");
}

/** Follows the links back from the end, and joins unknown pieces in a row. */
function piecesOf(startOf: Int32Array, idOf: Int32Array, unknownId: number | undefined): Piece[] {
  const pieces: Piece[] = [];
  for (let end = startOf.length - 1; end > 0; end = startOf[end]) {
    const last = pieces.at(-1);
    const piece = { start: startOf[end], end, id: idOf[end] };
    if (last && piece.id === unknownId && last.id === unknownId) last.start = piece.start;
    else pieces.push(piece);
  }
  return pieces.reverse();
}
