/** @file TensorBoard event files: scalars and texts as protobuf events, each in a record with two checksums. */
import { PbfWriter } from "pbf";

/** Castagnoli's polynomial, reflected (RFC 3720). */
const CRC32C_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** CRC-32C, rotated and shifted as in TFRecord, which keeps a checksum of checksums reliable. */
export function maskedCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC32C_TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Bytes of a record around its data: length (8), its checksum (4), the data's checksum (4). */
const HEADER = 12;
const FOOTER = 4;

/** TFRecord: uint64 length, masked CRC of the length, data, masked CRC of the data; little-endian. */
function record(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER + data.length + FOOTER);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(bytes.subarray(0, 8)), true);
  bytes.set(data, HEADER);
  view.setUint32(HEADER + data.length, maskedCrc32c(data), true);
  return bytes;
}

/**
 * Number of bytes from the start of an event file that are whole records with correct checksums; a crash may leave a
 * torn record after them, where readers would stop, so it is removed before anything is appended.
 */
export function wholeRecordsLength(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = 0;
  while (end + HEADER + FOOTER <= bytes.length) {
    const length = Number(view.getBigUint64(end, true));
    const next = end + HEADER + length + FOOTER;
    if (next > bytes.length || view.getUint32(end + 8, true) !== maskedCrc32c(bytes.subarray(end, end + 8))) break;
    const data = bytes.subarray(end + HEADER, next - FOOTER);
    if (view.getUint32(next - FOOTER, true) !== maskedCrc32c(data)) break;
    end = next;
  }
  return end;
}

interface When {
  /** Seconds since 1970, with fractions. */
  wallTime: number;
  step: number;
}

/** tensorflow.Event: 1 wall_time, 2 step, 3 file_version, 5 summary. */
function event({ wallTime, step }: When, writeBody: (pbf: PbfWriter) => void): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeDoubleField(1, wallTime);
  if (step !== 0) pbf.writeVarintField(2, step);
  writeBody(pbf);
  return record(pbf.finish());
}

/** The first record of every event file. */
export function encodeFileVersion(wallTime: number): Uint8Array {
  return event({ wallTime, step: 0 }, (pbf) => pbf.writeStringField(3, "brain.Event:2"));
}

/** One record with a Summary of scalars: Summary.Value has 1 tag, 2 simple_value (float32). */
export function encodeScalars(scalars: Iterable<[tag: string, value: number]>, when: When): Uint8Array {
  return event(when, (pbf) => {
    pbf.writeMessage(
      5,
      (values: Iterable<[string, number]>, summary) => {
        for (const value of values) summary.writeMessage(1, writeScalar, value);
      },
      scalars,
    );
  });
}

function writeScalar([tag, value]: [string, number], pbf: PbfWriter): void {
  pbf.writeStringField(1, tag);
  pbf.writeFloatField(2, value);
}

/** One record with a text for TensorBoard's text tab; the tag gets torch's suffix, `/text_summary`. */
export function encodeText(tag: string, text: string, when: When): Uint8Array {
  return event(when, (pbf) => {
    pbf.writeMessage(5, (value: string[], summary) => summary.writeMessage(1, writeText, value), [tag, text]);
  });
}

/** Summary.Value: 1 tag, 8 tensor (1 dtype 7 = string, 2 shape [1], 8 string_val), 9 metadata (1 plugin_data). */
function writeText([tag, text]: string[], pbf: PbfWriter): void {
  pbf.writeStringField(1, `${tag}/text_summary`);
  pbf.writeMessage(8, writeStringTensor, text);
  pbf.writeMessage(
    9,
    (name: string, meta) => meta.writeMessage(1, (n: string, p) => p.writeStringField(1, n), name),
    "text",
  );
}

function writeStringTensor(text: string, pbf: PbfWriter): void {
  pbf.writeVarintField(1, 7);
  pbf.writeMessage(
    2,
    (size: number, shape) => shape.writeMessage(2, (n: number, dim) => dim.writeVarintField(1, n), size),
    1,
  );
  pbf.writeBytesField(8, new TextEncoder().encode(text));
}

/** The tag under which transformers' TensorBoardCallback logs a metric: eval_loss is eval/loss, loss is train/loss. */
export function tensorboardTag(metric: string): string {
  const [, split, rest] = /^(eval|test)_(.*)$/s.exec(metric) ?? [];
  return split ? `${split}/${rest}` : `train/${metric}`;
}
