/** @file xz: the content of a .xz file in pieces, of all its streams. */
import xz from "xz-decompress";

/** Empty pieces in a row before a file counts as cut. */
const MOST_EMPTY = 1000;

/** The decompressor's codes: those of XZ Embedded. */
const REASONS: Readonly<Record<string, string>> = {
  "4": "its dictionary is larger than 64 MiB; decompress it with xz -d",
  "5": "it is no xz file",
  "6": "it has a filter or a checksum that is not read; decompress it with xz -d",
  "7": "its data are damaged",
  "8": "it ends early",
};

/** @throws Error where it is damaged or ends early. */
export async function* unxz(file: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const content = new xz.XzReadableStream(file) as ReadableStream<Uint8Array> & AsyncIterable<Uint8Array>;
  let empty = 0;
  try {
    for await (const piece of content) {
      empty = piece.length === 0 ? empty + 1 : 0;
      if (empty > MOST_EMPTY) throw new Error(REASONS["8"]);
      if (piece.length > 0) yield piece;
    }
  } catch (error) {
    const code = /error code (\d+)/.exec((error as Error).message)?.[1];
    throw code === undefined ? error : new Error(REASONS[code] ?? `error ${code}`);
  }
}
