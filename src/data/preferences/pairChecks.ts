/** @file Checks of truncated pairs: those with nothing to train on, and those with nothing to learn from. */
import { equalJson } from "../../formats/equalJson.ts";
import type { Check } from "./check.ts";
import type { Message } from "./extractPrompt.ts";
import { truncatedCompletions } from "./packPair.ts";

const NOTHING_TO_QUOTE = "";

/** No text, no messages, or only messages without content and tool calls. */
function isEmpty(answer: string | Message[]): boolean {
  if (typeof answer === "string") return answer === "";
  return answer.every(({ content, tool_calls }) => (content ?? "") === "" && (tool_calls ?? null) === null);
}

/** In the order of their lines; only the first check that a row fails counts. */
export const PAIR_CHECKS: readonly Check[] = [
  /** The prompt leaves no room for a completion within max_length (keep_start); TRL drops these rows too. */
  {
    name: "promptFillsMaxLength",
    severity: "untrainable",
    look: ({ pair, truncation: { max_length, truncation_mode } }) => {
      if (max_length === null || truncation_mode !== "keep_start") return undefined;
      return pair.prompt_ids.length >= max_length ? String(max_length) : undefined;
    },
    describe: ({ example }) => `whose prompt alone fills max_length ${example}`,
  },
  /** A completion without a predicted token: one token, and no prompt. TRL keeps these with log-probability 0. */
  {
    name: "nothingToPredict",
    severity: "untrainable",
    look: ({ pair, truncation }) => {
      const { chosen, rejected } = truncatedCompletions(pair, truncation);
      const shorter = Math.min(chosen.length, rejected.length);
      const { max_length, truncation_mode } = truncation;
      const hasContext = pair.prompt_ids.length > 0 && !(truncation_mode === "keep_end" && max_length === 1);
      return shorter === 0 || (shorter === 1 && !hasContext) ? NOTHING_TO_QUOTE : undefined;
    },
    describe: () => "without a prompt and with a completion of one token",
  },
  {
    name: "empty",
    severity: "degenerate",
    look: ({ row }) => (isEmpty(row.chosen) || isEmpty(row.rejected) ? NOTHING_TO_QUOTE : undefined),
    describe: () => "chosen or rejected is empty",
  },
  {
    name: "equal",
    severity: "degenerate",
    look: ({ row }) => (equalJson(row.chosen, row.rejected) ? NOTHING_TO_QUOTE : undefined),
    describe: () => "chosen and rejected are equal",
  },
  /** chosen and rejected differ only after max_length. */
  {
    name: "equalWithinMaxLength",
    severity: "degenerate",
    look: ({ pair, truncation }) => {
      const { chosen, rejected } = truncatedCompletions(pair, truncation);
      const isSame = chosen.length === rejected.length && chosen.every((id, i) => id === rejected[i]);
      return isSame ? NOTHING_TO_QUOTE : undefined;
    },
    describe: () => "chosen and rejected are equal within max_length",
  },
];
