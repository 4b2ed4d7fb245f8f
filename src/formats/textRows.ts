/** @file Text files as rows with the column `text`, as datasets reads them: a line, a paragraph or a file each. */
import { PrefineError } from "../errors.ts";
import type { ByteSource } from "./byteSource.ts";
import { decodeUtf8, refuseWideText } from "./textEncoding.ts";

export interface TextSettings {
  sampleBy: "line" | "paragraph" | "document";
  /** Keeps the line feed at the end of a line. */
  keepLineBreaks: boolean;
}

export interface TextFile {
  source: ByteSource;
  /** The file's name, for messages. */
  where: string;
  settings: TextSettings;
  blocks: TextBlock[];
}

/** Rows that are read together: bytes [start, end) of the file. */
export interface TextBlock {
  start: number;
  end: number;
  rows: number;
}

const BLOCK_BYTES = 1 << 20;
/** Bytes of one row; JavaScript's strings end at twice as many characters. */
const LONGEST_ROW = 2 ** 28;

const latin1 = new TextDecoder("latin1");

/** Reads the whole file once and records its blocks. @param where the file's name, for messages. */
export async function openText(
  source: ByteSource,
  where: string,
  settings: TextSettings,
  blockBytes = BLOCK_BYTES,
): Promise<TextFile> {
  const file: TextFile = { source, where, settings, blocks: [] };
  const isWhole = settings.sampleBy === "document";
  if (source.byteLength === 0) {
    if (isWhole) return { ...file, blocks: [{ start: 0, end: 0, rows: 1 }] };
    const message = `${where}: expected rows, found an empty file`;
    throw new PrefineError("data", message, "Write rows into it, or name another.");
  }
  refuseWideText(
    new TextDecoder().decode(new Uint8Array(await source.slice(0, Math.min(8, source.byteLength)))),
    where,
  );
  for (let start = 0, size = isWhole ? LONGEST_ROW + 1 : blockBytes; start < source.byteLength; ) {
    const bytes = new Uint8Array(await source.slice(start, Math.min(start + size, source.byteLength)));
    const stop = start + bytes.length;
    const isAtEnd = stop >= source.byteLength;
    const isLast = isAtEnd && source.isCut !== true;
    const end = isLast ? stop : start + (isWhole ? 0 : lastBreak(bytes, settings));
    if (end === start || bytes.length > LONGEST_ROW) {
      if (bytes.length > LONGEST_ROW)
        throw new PrefineError("data", `${where}: expected rows of at most 256 MiB, found more`);
      if (isAtEnd) break;
      size = Math.min(size * 2, LONGEST_ROW + 1);
      continue;
    }
    const rows = textsOf(decodeUtf8(bytes.subarray(0, end - start), where), settings).length;
    if (rows > 0) file.blocks.push({ start, end, rows });
    start = end;
    size = blockBytes;
  }
  return file;
}

/** The rows of one block. */
export async function readTextBlock({ source, where, settings }: TextFile, { start, end }: TextBlock) {
  const text = decodeUtf8(new Uint8Array(await source.slice(start, end)), where);
  return textsOf(text, settings).map((text) => ({ text }));
}

/** The end of the last line, or the beginning of the last two line ends in a row: 0 if there is none. */
function lastBreak(bytes: Uint8Array, { sampleBy }: TextSettings): number {
  if (sampleBy === "line") {
    const feed = bytes.lastIndexOf(0x0a);
    return (feed >= 0 ? feed : bytes.lastIndexOf(0x0d, bytes.length - 2)) + 1;
  }
  const text = latin1.decode(bytes); // a character per byte
  return [...text.matchAll(/(?<![\r\n])(?:\n\n|\r\r|\r\n\r\n)(?=[^\r\n])/g)].at(-1)?.index ?? 0;
}

/** Python's universal newlines, then rows. */
function textsOf(raw: string, { sampleBy, keepLineBreaks }: TextSettings): string[] {
  const text = raw.replace(/\r\n?/g, "\n");
  if (sampleBy === "document") return [text];
  if (sampleBy === "paragraph") return text.split("\n\n").filter((part) => part !== "");
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  else if (keepLineBreaks) return lines.map((line, i) => (i < lines.length - 1 ? `${line}\n` : line));
  return keepLineBreaks ? lines.map((line) => `${line}\n`) : lines;
}
