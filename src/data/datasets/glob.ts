/** @file Patterns of file names, as in cards: `*` and `?` within a folder, `**` across folders, `[...]`. */

/** True if the text is a pattern rather than a file name. */
export function isPattern(text: string): boolean {
  return /[*?[]/.test(text);
}

/** The longest leading folder of a pattern without wildcards, without a trailing slash. */
export function fixedFolder(pattern: string): string {
  const parts = pattern.split("/");
  const first = parts.findIndex(isPattern);
  return parts.slice(0, first < 0 ? parts.length - 1 : first).join("/");
}

/** The paths (with forward slashes) that match a pattern, sorted. Hidden ones only if the pattern names them. */
export function matchPaths(pattern: string, paths: readonly string[]): string[] {
  const relative = pattern.replace(/^(\.\/)+/, "");
  if (!isPattern(relative)) return paths.filter((path) => path === relative);
  const matches = matcherOf(relative);
  return paths.filter((path) => matches(path) && hiddenParts(path) === hiddenParts(relative)).sort();
}

/** Names that begin with a dot, and folders that begin with two underscores. */
function hiddenParts(path: string): number {
  const parts = path.split("/");
  const folders = parts.slice(0, -1).filter((part) => part.startsWith("__"));
  return folders.length + parts.filter((part) => part.startsWith(".")).length;
}

/** One step of a pattern: a character of a class, or a run of any length. */
type Step =
  | { kind: "one"; matches: (character: string) => boolean }
  /** `*`, or `**` which crosses folders. */
  | { kind: "run"; matches: (character: string) => boolean }
  /** `**` and a slash: nothing, or any text that ends in a slash. */
  | { kind: "folders" };

const isAny = () => true;
const isNoSlash = (character: string) => character !== "/";

function readSteps(pattern: string): Step[] {
  const token = /\*\*\/|\*\*|\*|\?|\[!?[^\]]+\]|[\s\S]/gu;
  return Array.from(pattern.matchAll(token), ([text]): Step => {
    if (text === "**/") return { kind: "folders" };
    if (text === "**") return { kind: "run", matches: isAny };
    if (text === "*") return { kind: "run", matches: isNoSlash };
    if (text === "?") return { kind: "one", matches: isNoSlash };
    if (text.startsWith("[") && text.endsWith("]") && text.length > 2) return { kind: "one", matches: classOf(text) };
    return { kind: "one", matches: (character) => character === text };
  });
}

/** `[abc]`, `[a-z]`, `[!abc]`. */
function classOf(text: string): (character: string) => boolean {
  const isNegated = text.startsWith("[!");
  const inside = Array.from(text.slice(isNegated ? 2 : 1, -1));
  const ranges: [first: string, last: string][] = [];
  for (let i = 0; i < inside.length; i++) {
    const isRange = inside[i + 1] === "-" && i + 2 < inside.length;
    ranges.push([inside[i], inside[isRange ? i + 2 : i]]);
    if (isRange) i += 2;
  }
  const code = (character: string) => character.codePointAt(0) as number;
  return (character) => {
    const point = code(character);
    return ranges.some(([first, last]) => point >= code(first) && point <= code(last)) !== isNegated;
  };
}

/** Follows all ways through the pattern at once: the time is that of the path times the pattern, whatever they are. */
function matcherOf(pattern: string): (path: string) => boolean {
  const steps = readSteps(pattern);
  return (path) => {
    let places = new Set<number>();
    reach(steps, places, 0);
    for (const character of path) {
      const next = new Set<number>();
      for (const place of places) {
        const step = steps[place];
        if (step?.kind === "one" && step.matches(character)) reach(steps, next, place + 1);
        if (step?.kind === "run" && step.matches(character)) reach(steps, next, place);
        if (step?.kind === "folders") next.add(place + AMID);
        if (place >= AMID) next.add(place);
        const folders = place >= AMID ? place - AMID : step?.kind === "folders" ? place : undefined;
        if (folders !== undefined && character === "/") reach(steps, next, folders + 1);
      }
      places = next;
    }
    return places.has(steps.length);
  };
}

/** Added to a place within the text of a `folders` step, which has to end in a slash. */
const AMID = 2 ** 30;

/** Adds a place, and those after it that need no character. */
function reach(steps: readonly Step[], places: Set<number>, place: number): void {
  for (let at = place; !places.has(at); at++) {
    places.add(at);
    if (at >= steps.length || steps[at].kind === "one") return;
  }
}
