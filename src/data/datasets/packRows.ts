/** @file Rows in a file of this process alone, as structured clones; imported where datasets are loaded. */
import { deserialize, serialize } from "node:v8";
import { ScratchFile } from "../../disk/scratchFile.ts";
import { addNotes, type Notes, notesOf } from "../../formats/written.ts";
import type { Row } from "./features.ts";
import { type PackedRows, packRowsWith } from "./resultRows.ts";

interface Packed {
  rows: readonly Row[];
  notes: Notes | undefined;
}

packRowsWith(() => {
  const file = new ScratchFile();
  const lent = new LentBuffer();
  return async (rows) => {
    const bytes = serialize({ rows, notes: notesOf(rows) } satisfies Packed);
    return packed({ file, lent, start: await file.append(bytes), length: bytes.length });
  };
});

interface Place {
  file: ScratchFile;
  lent: LentBuffer;
  start: number;
  length: number;
}

/** A function of its own: within the one that writes, it would keep the rows in memory. */
function packed({ file, lent, start, length }: Place): PackedRows {
  const read = () =>
    lent.use(length, async (buffer) => {
      await file.read(buffer, start);
      const { rows, notes } = deserialize(buffer) as Packed & { rows: Row[] };
      addNotes(rows, notes);
      return rows;
    });
  return { read, source: { file, view: ["packed", start, length] } };
}

/** One buffer for all reads: a new one for each would stay until garbage is collected, which is seldom. */
class LentBuffer {
  private buffer: Buffer | undefined;

  async use<T>(length: number, work: (buffer: Buffer) => Promise<T>): Promise<T> {
    const own = this.buffer && this.buffer.length >= length ? this.buffer : Buffer.allocUnsafeSlow(length);
    this.buffer = undefined; // of reads at the same time, the others make their own
    try {
      return await work(own.subarray(0, length));
    } finally {
      this.buffer = own;
    }
  }
}
