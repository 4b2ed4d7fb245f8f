/** @file What tokenizing shows of a split at no cost: lengths of the answers, pairs that come again or are cut. */
import { counted, grouped, plural } from "../../phrases.ts";
import type { ExaminedRow } from "./examineRow.ts";

type Tokens = Pick<ExaminedRow, "ids" | "promptLength" | "chosenLength" | "isCut">;

export class PairFacts {
  private pairs = 0;
  /** Pairs of which the longer answer is chosen, or the shorter. */
  private readonly sides = { longer: 0, shorter: 0 };
  /** Tokens of all answers. */
  private readonly tokens = { chosen: 0, rejected: 0 };
  private readonly hashes = new Set<number>();
  private equal = 0;
  private cut = 0;

  /** Pairs that are trained on, in any order. */
  add({ ids, promptLength, chosenLength, isCut }: Tokens): void {
    const rejectedLength = ids.length - promptLength - chosenLength;
    this.pairs++;
    this.tokens.chosen += chosenLength;
    this.tokens.rejected += rejectedLength;
    if (chosenLength > rejectedLength) this.sides.longer++;
    if (chosenLength < rejectedLength) this.sides.shorter++;
    if (chosenLength === rejectedLength && hasEqualAnswers(ids, promptLength, chosenLength)) this.equal++;
    if (isCut) this.cut++;
    this.hashes.add(hashOf(ids, promptLength, chosenLength));
  }

  /** One line for the log; undefined without pairs. @param of pairs of the split, where not all were seen. */
  line(split: string, of = this.pairs): string | undefined {
    if (this.pairs === 0) return undefined;
    const { longer, shorter } = this.sides;
    const mean = (tokens: number) => counted(Math.round(tokens / this.pairs), "token");
    const share = longer + shorter > 0 ? (100 * longer) / (longer + shorter) : 50;
    const again = this.pairs - this.hashes.size;
    const counts: [number, string][] = [
      [again, again === 1 ? "repeats an earlier one" : "repeat earlier ones"],
      [this.equal, this.equal === 1 ? "has equal answers" : "have equal answers"],
      [this.cut, this.cut === 1 ? "is cut at max_length" : "are cut at max_length"],
    ];
    const some = of > this.pairs ? ` (of ${grouped(of)}, so far)` : "";
    return [
      `${split}: ${grouped(this.pairs)} ${plural(this.pairs, "pair")}${some}, chosen answers of ` +
        `${mean(this.tokens.chosen)} on average, rejected ones of ${mean(this.tokens.rejected)}`,
      `the longer one is chosen in ${share.toFixed(1)} %`,
      ...counts.filter(([count]) => count > 0).map(([count, what]) => `${grouped(count)} ${what}`),
    ].join("; ");
  }
}

function hasEqualAnswers(ids: Tokens["ids"], start: number, length: number): boolean {
  for (let i = start; i < start + length; i++) if (ids[i] !== ids[i + length]) return false;
  return true;
}

/** 53 bits, as the doctor's hashes of texts. */
function hashOf(ids: Tokens["ids"], promptLength: number, chosenLength: number): number {
  let a = Math.imul(promptLength ^ 0xdeadbeef, 2654435761);
  let b = Math.imul(chosenLength ^ 0x41c6ce57, 1597334677);
  for (let i = 0; i < ids.length; i++) {
    a = Math.imul(a ^ ids[i], 2654435761);
    b = Math.imul(b ^ ids[i], 1597334677);
    a ^= a >>> 15;
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}
