/** @file Event records, read back field by field by the test's own reader. */
import { PbfReader } from "pbf";
import { describe, expect, it } from "vitest";
import {
  encodeFileVersion,
  encodeScalars,
  encodeText,
  maskedCrc32c,
  tensorboardTag,
  wholeRecordsLength,
} from "./tensorboard.ts";

interface EventRead {
  wallTime?: number;
  step?: number;
  fileVersion?: string;
  scalars: Record<string, number>;
  texts: Record<string, { text: string; plugin: string; dtype: number; size: number }>;
}

/** A message as a map from field number to values, with messages and strings as bytes. */
function fieldsOf(bytes: Uint8Array): Map<number, (number | Uint8Array)[]> {
  const fields = new Map<number, (number | Uint8Array)[]>();
  const pbf = new PbfReader(bytes);
  for (let tag = pbf.nextField(); tag !== 0; tag = pbf.nextField()) {
    const values = fields.get(tag) ?? [];
    values.push(
      pbf.type === 2
        ? pbf.readBytes()
        : pbf.type === 1
          ? pbf.readDouble()
          : pbf.type === 5
            ? pbf.readFloat()
            : pbf.readVarint(),
    );
    fields.set(tag, values);
  }
  return fields;
}

const textOf = (bytes: unknown) => new TextDecoder().decode(bytes as Uint8Array);
const message = (fields: Map<number, (number | Uint8Array)[]>, tag: number) =>
  fieldsOf(fields.get(tag)?.[0] as Uint8Array);

function readEvent(data: Uint8Array): EventRead {
  const fields = fieldsOf(data);
  const event: EventRead = {
    wallTime: fields.get(1)?.[0] as number,
    step: fields.get(2)?.[0] as number,
    scalars: {},
    texts: {},
  };
  if (fields.has(3)) event.fileVersion = textOf(fields.get(3)?.[0]);
  for (const bytes of fields.has(5) ? (message(fields, 5).get(1) ?? []) : []) {
    const value = fieldsOf(bytes as Uint8Array);
    const tag = textOf(value.get(1)?.[0]);
    if (value.has(2)) event.scalars[tag] = value.get(2)?.[0] as number;
    if (!value.has(8)) continue;
    const tensor = message(value, 8);
    event.texts[tag] = {
      text: textOf(tensor.get(8)?.[0]),
      dtype: tensor.get(1)?.[0] as number,
      size: message(message(tensor, 2), 2).get(1)?.[0] as number,
      plugin: textOf(message(message(value, 9), 1).get(1)?.[0]),
    };
  }
  return event;
}

/** Splits a file into the data of its records; every byte must belong to one. */
function readRecords(bytes: Uint8Array): EventRead[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const events: EventRead[] = [];
  let start = 0;
  while (start < bytes.length) {
    const length = Number(view.getBigUint64(start, true));
    events.push(readEvent(bytes.subarray(start + 12, start + 12 + length)));
    start += length + 16;
  }
  expect(start).toBe(bytes.length);
  return events;
}

const join = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

describe("maskedCrc32c", () => {
  const unmask = (masked: number) => {
    const rotated = (masked - 0xa282ead8) >>> 0;
    return ((rotated >>> 17) | (rotated << 15)) >>> 0;
  };
  it.each([
    ["32 zeros", new Uint8Array(32), 0x8a9136aa],
    ["32 ones", new Uint8Array(32).fill(255), 0x62a8ab43],
    ["0 to 31", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ["the digits", new TextEncoder().encode("123456789"), 0xe3069283],
  ])("has the checksum that RFC 3720 prints for %s", (_, bytes, crc) => {
    expect(unmask(maskedCrc32c(bytes))).toBe(crc);
  });
});

describe("event records", () => {
  it("are read back with time, step, tags and float32 values", () => {
    const when = { wallTime: 1_700_000_000.25, step: 10 };
    const file = join(
      encodeFileVersion(1_700_000_000),
      encodeScalars(
        [
          ["train/loss", 0.6931471824645996],
          ["train/rewards/chosen", -656.75],
        ],
        when,
      ),
      encodeScalars([["eval/loss", Number.NaN]], { wallTime: 1_700_000_001, step: 3_000_000_000 }),
      encodeText("args", '{"beta": 0.1}\n€', { wallTime: 1_700_000_002, step: 0 }),
    );
    const events = readRecords(file);
    expect(events[0]).toMatchObject({ wallTime: 1_700_000_000, fileVersion: "brain.Event:2" });
    expect(events[1]).toMatchObject({
      ...when,
      scalars: { "train/loss": 0.6931471824645996, "train/rewards/chosen": -656.75 },
    });
    expect(events[2]).toMatchObject({ step: 3_000_000_000, scalars: { "eval/loss": Number.NaN } });
    const text = { text: '{"beta": 0.1}\n€', plugin: "text", dtype: 7, size: 1 };
    expect(events[3].texts).toEqual({ "args/text_summary": text });
  });

  it("are whole up to the byte where a file was truncated or damaged", () => {
    const first = encodeFileVersion(1);
    const second = encodeScalars([["train/loss", 0.5]], { wallTime: 2, step: 1 });
    const file = join(first, second);
    expect(wholeRecordsLength(file)).toBe(file.length);
    for (let cut = first.length; cut < file.length; cut++)
      expect(wholeRecordsLength(file.subarray(0, cut))).toBe(first.length);
    for (const at of [0, 9, 15]) {
      const damaged = file.slice();
      damaged[first.length + at] ^= 1;
      expect(wholeRecordsLength(damaged)).toBe(first.length);
    }
    expect(wholeRecordsLength(new Uint8Array())).toBe(0);
  });
});

describe("tensorboardTag", () => {
  it.each([
    ["loss", "train/loss"],
    ["eval_loss", "eval/loss"],
    ["eval_rewards/margins", "eval/rewards/margins"],
    ["rewards/chosen", "train/rewards/chosen"],
    ["train_runtime", "train/train_runtime"],
    ["test_loss", "test/loss"],
    ["learning_rate", "train/learning_rate"],
  ])("%s is logged as %s", (metric, tag) => {
    expect(tensorboardTag(metric)).toBe(tag);
  });
});
