/** @file Drops connections whose clients don't read: their answers would stay in memory. */
import type { Socket } from "node:net";

/** Time (ms) without a byte taken. */
const PATIENCE = 30_000;

interface Progress {
  taken: number;
  since: number;
}

/** @returns ends the watch. */
export function watchReaders(sockets: ReadonlySet<Socket>, patience = PATIENCE): () => void {
  const seen = new WeakMap<Socket, Progress>();
  const timer = setInterval(() => {
    const now = performance.now();
    for (const socket of sockets) {
      const taken = socket.bytesWritten - socket.writableLength;
      const before = seen.get(socket);
      if (socket.writableLength === 0 || before?.taken !== taken) seen.set(socket, { taken, since: now });
      else if (now - before.since > patience) socket.destroy();
    }
  }, patience / 6).unref();
  return () => clearInterval(timer);
}
