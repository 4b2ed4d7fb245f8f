/** @file GGUF files (llama.cpp's): metadata, and the location of each tensor. */
import { PrefineError } from "../errors.ts";
import type { ByteSource } from "./byteSource.ts";
import { BLOCK_DTYPES, type BlockDtype, blockBytes, isBlockDtype } from "./ggufBlocks.ts";
import { markedTexts } from "./ggufTexts.ts";

/** Bytes per element of types that are not packed in blocks. */
const PLAIN_BYTES = { F32: 4, F16: 2, BF16: 2, F64: 8 } as const;

export type GgufDtype = keyof typeof PLAIN_BYTES | BlockDtype;

export interface GgufTensor {
  dtype: GgufDtype;
  /** Outermost dimension first, as in safetensors (the file has the reverse). */
  shape: number[];
  /** Bytes [start, end) of the file. */
  start: number;
  end: number;
}

export interface GgufFile {
  /** 64-bit integers as numbers if exact. */
  metadata: ReadonlyMap<string, unknown>;
  tensors: ReadonlyMap<string, GgufTensor>;
}

/** Magic number, version, the counts of tensors and of keys. */
const COUNTS_END = 24;

const AGAIN = "Download the file again: it may be truncated or damaged.";

const broken = (where: string, problem: string, cause?: unknown) =>
  new PrefineError("model", `${where}: expected a GGUF file: ${problem}`, AGAIN, { cause });

/** Serves the library's range requests from the source. */
function rangeReader(source: ByteSource): typeof fetch {
  return async (_uri, init) => {
    const range = new Headers(init?.headers).get("range") ?? "";
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
    const [start, end] = [Number(from), Math.min(Number(to) + 1, source.byteLength)];
    const bytes = start < end ? await source.slice(start, end) : new ArrayBuffer(0);
    return new Response(bytes, { headers: { "content-range": `bytes ${start}-${end - 1}/${source.byteLength}` } });
  };
}

/**
 * @param where names the file in errors.
 * @throws PrefineError("model") for a file that is not GGUF or has tensors beyond its end; ("not-yet") for a
 *   quantization or a big-endian file.
 */
export async function readGguf(source: ByteSource, where: string): Promise<GgufFile> {
  const { gguf, GGMLQuantizationType } = await import("@huggingface/gguf"); // loaded only when needed
  // the scheme makes the library use the given reader
  const parsed = await gguf("http://file", { fetch: rangeReader(source) }).catch((cause: unknown) => {
    throw broken(where, (cause as Error).message, cause);
  });
  if (!parsed.littleEndian)
    throw new PrefineError("not-yet", `${where}: big-endian GGUF files are not read`, "Convert it to little-endian.");
  const metadata = new Map(Object.entries(parsed.metadata).map(([key, value]) => [key, plainNumber(value)]));
  const alignment = Number(metadata.get("general.alignment") ?? 32);
  const padding = parsed.tensorInfos.length > 0 ? 0 : alignment - 1; // without tensors, the header may lack it
  const least = Math.max(COUNTS_END, Number(parsed.tensorDataOffset) - padding);
  if (least > source.byteLength) throw broken(where, "it ends within its header");
  const header = new Uint8Array(await source.slice(0, Number(parsed.tensorDataOffset)));
  for (const [key, value] of markedTexts(header)) metadata.set(key, value);
  const tensors = new Map<string, GgufTensor>();
  for (const info of parsed.tensorInfos) {
    const dtype = readDtype(GGMLQuantizationType[info.dtype] ?? `type ${info.dtype}`, `${where}: ${info.name}`);
    const shape = info.shape.map(Number).reverse();
    const elements = shape.reduce((product, size) => product * size, 1);
    const bytes = isBlockDtype(dtype) ? blockBytes(dtype, elements) : elements * PLAIN_BYTES[dtype];
    const start = Number(parsed.tensorDataOffset) + Number(info.offset);
    const end = start + bytes;
    if (!Number.isSafeInteger(end) || end > source.byteLength) {
      const tensor = `tensor ${JSON.stringify(info.name)} [${shape.join(", ")}]`;
      throw broken(where, `${tensor} ends at byte ${end}, the file has ${source.byteLength}`);
    }
    if (tensors.has(info.name)) throw broken(where, `it has two tensors called ${JSON.stringify(info.name)}`);
    tensors.set(info.name, { dtype, shape, start, end });
  }
  return { metadata, tensors };
}

const plainNumber = (value: unknown) => (typeof value === "bigint" ? Number(value) : value);

function readDtype(dtype: string, where: string): GgufDtype {
  if (Object.hasOwn(PLAIN_BYTES, dtype) || isBlockDtype(dtype)) return dtype as GgufDtype;
  const names = [...Object.keys(PLAIN_BYTES), ...BLOCK_DTYPES].join(", ");
  throw new PrefineError("not-yet", `${where}: ${dtype} is not read`, `These are: ${names}.`);
}
