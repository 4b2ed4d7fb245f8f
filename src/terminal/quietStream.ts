/** @file A stream whose failures end no training: its disk is full, its terminal or reader gone. */
import type { TerminalStream } from "./bottomLine.ts";

/** What a Node stream has besides: absent in a caller's own. */
interface Emitting {
  on?(event: "error", listener: () => void): unknown;
}

interface Writing {
  write(text: string, onWritten: (error?: Error | null) => void): unknown;
}

/** The same stream, whose errors of the operating system are ignored, as console.error ignores them. */
export function quietStream(stream: TerminalStream): TerminalStream {
  let hasFailed = false;
  const onWritten = (error?: Error | null) => {
    if (!error || hasFailed) return;
    hasFailed = true;
    (stream as Emitting).on?.("error", () => {}); // the event follows, and without a listener would end the process
  };
  return {
    write: (text) => {
      try {
        (stream as Writing).write(text, onWritten);
      } catch (error) {
        if (!(error instanceof Error && "syscall" in error)) throw error;
      }
    },
    get columns() {
      return stream.columns;
    },
    on: (event, listener) => stream.on?.(event, listener),
    off: (event, listener) => stream.off?.(event, listener),
  };
}
