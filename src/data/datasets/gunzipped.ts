/** @file The content of a .gz file, in memory. */
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { PrefineError } from "../../errors.ts";
import { type ByteSource, piecesSource } from "../../formats/byteSource.ts";

/** Bytes of a .gz file's content, which is held in memory: one of 6 MB may hold 4 GB. */
const MOST_UNZIPPED = 2 ** 30;

/** @param shown its name in messages. @throws PrefineError("data") if its content has more than `most` bytes. */
export async function gunzipped(path: string, shown: string, most = MOST_UNZIPPED): Promise<ByteSource> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  const file = createReadStream(path);
  const content = createGunzip({ chunkSize: 2 ** 20 });
  file.on("error", (error) => content.destroy(error));
  file.pipe(content);
  try {
    for await (const piece of content as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > most) throw tooLarge(shown, most);
      pieces.push(piece.length < piece.buffer.byteLength / 2 ? new Uint8Array(piece) : piece);
    }
  } finally {
    file.destroy();
  }
  return piecesSource(pieces);
}

function tooLarge(shown: string, most: number): PrefineError {
  const expected = `expected a .gz file of at most ${most / 2 ** 20} MiB of content, which is held in memory`;
  const message = `${shown}: ${expected}, found more`;
  return new PrefineError("data", message, "Decompress it with gunzip: files of JSON Lines are read in parts.");
}
