/** @file A source of answers that a test writes piece by piece. */
import type { AnswerSource, Asking } from "../../src/collecting/session/answerSource.ts";
import { PushedValues } from "../../src/generation/pushedValues.ts";

export interface SlowSource extends AnswerSource {
  /** What was asked, in order. */
  readonly asked: Asking[];
  /** Adds to the answer that was asked for at this place. */
  write(index: number, text: string, tokens?: number): void;
  end(index: number, error?: unknown): void;
}

export function slowSource(name: string): SlowSource {
  const asked: Asking[] = [];
  const answers: PushedValues<{ text: string; tokens?: number | undefined }>[] = [];
  return {
    name,
    settings: { temperature: 1 },
    asked,
    answer(asking) {
      asked.push(asking);
      const values = new PushedValues<{ text: string; tokens?: number | undefined }>();
      answers.push(values);
      asking.signal.addEventListener("abort", () => values.end(asking.signal.reason));
      return values;
    },
    write: (index, text, tokens) => answers[index].push({ text, tokens }),
    end: (index, error) => answers[index].end(error),
  };
}

/** A source whose answers are there at once: `NAME on PROMPT`. */
export function quickSource(name: string, says = name): AnswerSource {
  return {
    name,
    settings: {},
    async *answer({ prompt }) {
      yield { text: `${says} on ${typeof prompt === "string" ? prompt : prompt.at(-1)?.content}`, tokens: 3 };
    },
  };
}
