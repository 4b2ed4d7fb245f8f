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

type Content = ReadableStream<Uint8Array> & AsyncIterable<Uint8Array>;

/** What the library shares among its streams: one decoder, for which each waits until the one before is read. */
interface Shared {
  _contextMutex?: object;
  _moduleInstance?: unknown;
  _moduleInstancePromise?: unknown;
}

let opening: Promise<unknown> = Promise.resolve();

/**
 * A stream with a decoder of its own, so that two files can be read alternately, and the first piece of its content.
 * Streams open one after another: each has its decoder once it has been read from.
 */
function open(file: ReadableStream<Uint8Array>) {
  const opened = opening.then(async () => {
    const shared = xz.XzReadableStream as unknown as Shared;
    shared._moduleInstance = undefined;
    shared._moduleInstancePromise = undefined;
    if (shared._contextMutex) shared._contextMutex = Reflect.construct(shared._contextMutex.constructor, []);
    const reader = (new xz.XzReadableStream(file) as Content).getReader();
    return { reader, first: await reader.read() };
  });
  opening = opened.catch(() => {});
  return opened;
}

/** @throws Error where it is damaged or ends early. */
export async function* unxz(file: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  let empty = 0;
  let end: (() => Promise<void>) | undefined;
  try {
    const { reader, first } = await open(file);
    end = () => reader.cancel();
    for (let piece = first; !piece.done; piece = await reader.read()) {
      const { value } = piece;
      empty = value.length === 0 ? empty + 1 : 0;
      if (empty > MOST_EMPTY) throw new Error(REASONS["8"]);
      if (value.length > 0) yield value;
    }
    end = undefined;
  } catch (error) {
    const code = /error code (\d+)/.exec((error as Error).message)?.[1];
    throw code === undefined ? error : new Error(REASONS[code] ?? `error ${code}`);
  } finally {
    await end?.().catch(() => {});
  }
}
