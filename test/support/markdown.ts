/** @file Parses a Markdown page for tests: fenced blocks, links, anchors. */

export interface Block {
  language: string;
  /** Second word of the fence: the name of the block's file. */
  file: string | undefined;
  text: string;
}

/** Fenced blocks, in order. */
export function blocksOf(page: string): Block[] {
  const fences = page.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm);
  return [...fences].map(([, language, file, text]) => ({ language, file, text }));
}

/** Targets of links and pictures outside of fenced blocks. */
export function linksOf(page: string): string[] {
  const prose = page.replace(/^```[\s\S]*?^```$/gm, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
}

/** GitHub's anchors of the headings. */
export function anchorsOf(page: string): string[] {
  const headings = page.replace(/^```[\s\S]*?^```$/gm, "").matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, title]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** Pictures without an alternative text. */
export function picturesWithoutText(page: string): string[] {
  return [...page.matchAll(/!\[\s*\]\(([^)]+)\)/g)].map(([, target]) => target);
}

/** `npx prefine a "b c" # look` -> ["a", "b c"]. */
export function wordsOf(line: string): string[] {
  const words = [...line.replace(/ #.*$/, "").matchAll(/"([^"]*)"|(\S+)/g)];
  return words.map(([, quoted, word]) => quoted ?? word).slice(2);
}
