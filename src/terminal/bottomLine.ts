/** @file The last line of a terminal: redrawn in place, moved below what is printed, never wrapped. */

export interface TerminalStream {
  write(text: string): unknown;
  columns?: number | undefined;
  on?: ((event: "resize", listener: () => void) => unknown) | undefined;
  off?: ((event: "resize", listener: () => void) => unknown) | undefined;
}

/** The last line of a terminal, while it is ours. */
export interface BottomLine {
  /** Replaces the line. */
  draw(line: { text: string; width: number }): void;
  /** Writes whole lines over it and puts it back below them, in one write: no flicker, nothing torn. */
  above(text: string): void;
  /** Leaves the line as it stands and goes below it. */
  finish(): void;
}

/** Wrapping is off while the line is drawn: a terminal that has just become narrower cuts it instead. */
const WRAP_OFF = "\x1b[?7l";
const WRAP_ON = "\x1b[?7h";

/** @param columns of the terminal at this moment. */
export function createBottomLine(stream: TerminalStream, columns: () => number): BottomLine {
  let current: { text: string; width: number } | undefined;
  const paint = (line: { text: string }) => `\r${WRAP_OFF}${line.text}\x1b[K${WRAP_ON}`;
  /** To the line's start; where the terminal has been narrowed, it has broken the old line into several. */
  const home = () => {
    const lines = current === undefined ? 1 : Math.max(1, Math.ceil(current.width / Math.max(1, columns())));
    return lines > 1 ? `\x1b[${lines - 1}A\r\x1b[J` : "\r";
  };
  return {
    draw: (line) => {
      stream.write(home() + paint(line));
      current = line;
    },
    above: (text) => {
      stream.write(current === undefined ? `${text}\n` : `${home()}\x1b[J${text}\n${paint(current)}`);
    },
    finish: () => {
      if (current !== undefined) stream.write("\n");
      current = undefined;
    },
  };
}
