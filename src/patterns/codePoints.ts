/** @file Membership of code points in a class, asked of JavaScript's engine once for each. */

/** One class. Answers are kept: 64 KiB. */
export class CodePointSet {
  private readonly pattern: RegExp;
  /** 0: not asked yet, 1: a member, 2: none. Of the basic plane. */
  private readonly answers = new Uint8Array(65_536);

  constructor(set: string, ignoresCase: boolean) {
    this.pattern = new RegExp(`^${set}$`, ignoresCase ? "iv" : "v");
  }

  has(codePoint: number): boolean {
    if (codePoint > 0xffff) return this.pattern.test(String.fromCodePoint(codePoint));
    const answer = this.answers[codePoint];
    if (answer !== 0) return answer === 1;
    const isMember = this.pattern.test(String.fromCharCode(codePoint));
    this.answers[codePoint] = isMember ? 1 : 2;
    return isMember;
  }
}

const sets = new Map<string, CodePointSet>();
const MOST_SETS = 256; // 16 MiB

/** @throws SyntaxError for a class that JavaScript rejects. */
export function codePointSet(set: string, ignoresCase: boolean): CodePointSet {
  const key = `${ignoresCase ? "i" : "-"}${set}`;
  const known = sets.get(key);
  if (known) return known;
  const made = new CodePointSet(set, ignoresCase);
  if (sets.size >= MOST_SETS) sets.clear();
  sets.set(key, made);
  return made;
}
