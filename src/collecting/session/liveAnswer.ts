/** @file An answer while it is written: its text so far, and who watches it. */

import { isText } from "../../data/shapes/shape.ts";
import { PrefineError } from "../../errors.ts";
import { exactJsonText } from "../../formats/exactJsonText.ts";
import { ApiError } from "../../serving/http/apiError.ts";
import type { Content, Side } from "../events.ts";
import type { AnswerSource } from "./answerSource.ts";

/** "stopped": before its end, since a verdict needed no more of it. */
export type AnswerState = "running" | "done" | "stopped" | "failed";

/** The text of an answer that people read; of messages, their contents. */
export function textOfAnswer(answer: Content): string {
  if (isText(answer)) return answer;
  return answer.map(({ content }) => (isText(content) ? content : exactJsonText(content ?? ""))).join("\n\n");
}

const isSide = (from: AnswerSource | Side): from is Side => typeof from.answer !== "function";

export class LiveAnswer {
  text = "";
  state: AnswerState = "running";
  /** It ended where it may not be longer. */
  isCut = false;
  /** Why it failed. */
  problem: string | undefined;
  /** Fulfilled once it is no longer running. */
  readonly ended: Promise<void>;
  private tokens: number | null = null;
  private readonly prompt: Content;
  private readonly from: AnswerSource | Side;
  private readonly base: Omit<Side, "answer" | "tokens">;
  private readonly stopping = new AbortController();
  private readonly watchers = new Set<() => void>();

  private constructor(prompt: Content, from: AnswerSource | Side, seed: number) {
    this.prompt = prompt;
    this.from = from;
    if (isSide(from)) {
      this.base = from;
      this.text = textOfAnswer(from.answer);
      this.state = "done";
      this.ended = Promise.resolve();
    } else {
      this.base = { source: from.name, settings: { ...from.settings, seed } };
      this.ended = this.write(from, seed);
    }
  }

  static of(prompt: Content, source: AnswerSource, seed: number): LiveAnswer {
    return new LiveAnswer(prompt, source, seed);
  }

  /** An answer that is there already. */
  static given(prompt: Content, side: Side): LiveAnswer {
    return new LiveAnswer(prompt, side, 0);
  }

  /** The same from the beginning, after a failure. */
  again(seed: number): LiveAnswer {
    return new LiveAnswer(this.prompt, this.from, seed);
  }

  /** Needs no more of it. */
  stop(): void {
    this.stopping.abort();
  }

  /** Calls back at each change. @returns ends that. */
  watch(onChange: () => void): () => void {
    this.watchers.add(onChange);
    return () => this.watchers.delete(onChange);
  }

  /** The answer so far, as it is stored. */
  side(): Side {
    if (isSide(this.from)) return this.from;
    const { source, settings } = this.base;
    const cut = this.state === "done" && !this.isCut ? {} : { cut: true };
    return { answer: this.contentOf(this.text), source, tokens: this.tokens, settings: { ...settings, ...cut } };
  }

  /** The answer with another text: the last message's. */
  edited(text: string): Content {
    const { answer } = this.side();
    return isText(answer) ? text : [...answer.slice(0, -1), { ...answer[answer.length - 1], content: text }];
  }

  private contentOf(text: string): Content {
    return isText(this.prompt) ? text : [{ role: "assistant", content: text }];
  }

  private async write(source: AnswerSource, seed: number): Promise<void> {
    const { signal } = this.stopping;
    try {
      for await (const { text, tokens, isCut } of source.answer({ prompt: this.prompt, seed, signal })) {
        if (signal.aborted) break;
        this.text += text;
        this.tokens = tokens ?? this.tokens;
        this.isCut ||= isCut === true;
        this.notify();
      }
      this.state = signal.aborted ? "stopped" : "done";
    } catch (error) {
      this.state = signal.aborted ? "stopped" : "failed";
      if (this.state === "failed") this.problem = problemOf(error);
    }
    this.notify();
  }

  private notify(): void {
    for (const watcher of this.watchers) watcher();
  }
}

function problemOf(error: unknown): string {
  if (error instanceof PrefineError) return [error.message, error.hint].filter(Boolean).join(" ");
  return error instanceof ApiError ? error.message : `internal: ${error instanceof Error ? error.message : error}`;
}
