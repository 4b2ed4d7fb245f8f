/** @file Bytes of files for the compute thread: read on demand, each file opened once. */
import { closeSync, openSync, readSync } from "node:fs";
import type { ComputeHost } from "../runtime/computeServer.ts";

/** Synchronous reads are fastest: nothing else waits in the compute thread. */
export function openFiles(): ReturnType<ComputeHost["openFiles"]> {
  const files = new Map<string, number>();
  return {
    read: async (file, start, end) => {
      const fd = files.get(file) ?? openSync(file, "r");
      files.set(file, fd);
      return readRange(fd, start, end);
    },
    close: () => {
      for (const fd of files.values()) closeSync(fd);
    },
  };
}

/** Reads [start, end) of an open file; one call reads at most 1 GiB. */
function readRange(fd: number, start: number, end: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(end - start);
  let done = 0;
  while (done < bytes.length) {
    const count = readSync(fd, bytes, done, Math.min(bytes.length - done, 2 ** 30), start + done);
    if (count === 0) throw new Error("the file ends too early");
    done += count;
  }
  return bytes;
}
