/** @file The last line of a terminal: redrawn in place, kept below printed text, never wrapped. */

export interface TerminalStream {
  write(text: string): unknown;
  columns?: number | undefined;
  on?: ((event: "resize", listener: () => void) => unknown) | undefined;
  off?: ((event: "resize", listener: () => void) => unknown) | undefined;
}

/** The last line of a terminal while prefine draws it. */
export interface BottomLine {
  /** Replaces the line. */
  draw(line: { text: string; width: number }): void;
  /** Prints whole lines over it and redraws it below them, in a single write to avoid flicker. */
  above(text: string): void;
  /** Keeps the line as last drawn and moves below it. */
  finish(): void;
}

/** Turns wrapping off while drawing, so that a terminal that has just been narrowed cuts the line instead. */
const WRAP_OFF = "\x1b[?7l";
const WRAP_ON = "\x1b[?7h";

/** @param columns current width of the terminal. */
export function createBottomLine(stream: TerminalStream, columns: () => number): BottomLine {
  let current: { text: string; width: number } | undefined;
  const paint = (line: { text: string }) => `\r${WRAP_OFF}${line.text}\x1b[K${WRAP_ON}`;
  /** Moves to the start of the line, which a narrowed terminal has broken into several. */
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
