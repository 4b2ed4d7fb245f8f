/** @file recordPreference: what users of an app say of its answers, appended to a record of preferences. */
import { resolve } from "node:path";
import { checkOptions, checkValue, oneOf, optionsOf, text, type ValueCheck } from "../arguments.ts";
import { isMessages } from "../data/shapes/shape.ts";
import type { Conversation } from "../data/tokenizers/conversations.ts";
import { PrefineError } from "../errors.ts";
import { type Content, type NewEvent, type Side, STRONGEST } from "./events.ts";
import { PreferenceRecord } from "./record.ts";

export interface PreferenceInput {
  /**
   * File of pairs, such as `pairs.jsonl`; the events go to `pairs.events.jsonl`.
   *
   * Required. Prefine's own.
   */
  file: string;
  /**
   * Prompt of the answers: a text, or messages.
   *
   * Required, except with `undo`. Prefine's own.
   */
  prompt?: string | Conversation | undefined;
  /**
   * Better answer: the one that a user kept, or chose.
   *
   * Needs `rejected`. Prefine's own.
   */
  chosen?: string | Conversation | undefined;
  /**
   * Worse answer: the one that a user had regenerated, or did not choose.
   *
   * Needs `chosen`. Prefine's own.
   */
  rejected?: string | Conversation | undefined;
  /**
   * Answer alone, with `thumb` or `edited`.
   *
   * Default: none. Prefine's own.
   */
  answer?: string | Conversation | undefined;
  /**
   * Thumb for `answer`: pairs are made of thumbs up and down on answers to the same prompt.
   *
   * Default: none. Prefine's own.
   */
  thumb?: "up" | "down" | undefined;
  /**
   * `answer` as a user corrected it: becomes chosen, `answer` rejected.
   *
   * Default: none. Prefine's own.
   */
  edited?: string | Conversation | undefined;
  /**
   * Id of an event to take back, as an earlier call returned it.
   *
   * Default: none. Prefine's own.
   */
  undo?: string | undefined;
  /**
   * User who says so. Of the same user on the same answers, the latest event counts.
   *
   * Default: one user without a name. Prefine's own.
   */
  annotator?: string | undefined;
  /**
   * How much better `chosen` is: 1 to 3.
   *
   * Default: unknown. Prefine's own.
   */
  strength?: number | undefined;
  /**
   * Remark of the user.
   *
   * Default: none. Prefine's own.
   */
  note?: string | undefined;
  /**
   * Name of the model that wrote `chosen`, for `winRate`.
   *
   * Default: unknown. Prefine's own.
   */
  chosen_source?: string | undefined;
  /**
   * Name of the model that wrote `rejected`, for `winRate`.
   *
   * Default: unknown. Prefine's own.
   */
  rejected_source?: string | undefined;
  /**
   * Name of the model that wrote `answer`.
   *
   * Default: unknown. Prefine's own.
   */
  source?: string | undefined;
}

export interface RecordedPreference {
  /** Of the event, for `undo`; with `undo`, that of the event that was taken back. */
  id: string;
}

const content: ValueCheck = {
  expected: "a text or a list of messages",
  accepts: (value) => typeof value === "string" || isMessages(value),
};
const filled: ValueCheck = { expected: text.expected, accepts: (value) => typeof value === "string" && value !== "" };

const CHECKS = optionsOf<PreferenceInput>("recordPreference", {
  file: filled,
  prompt: content,
  chosen: content,
  rejected: content,
  answer: content,
  thumb: oneOf("up", "down"),
  edited: content,
  undo: filled,
  annotator: filled,
  strength: {
    expected: `an integer from 1 to ${STRONGEST}`,
    accepts: (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= STRONGEST,
  },
  note: text,
  chosen_source: filled,
  rejected_source: filled,
  source: filled,
});

/** The forms of a call: the names that each needs, and those that it may have. */
const FORMS: Record<string, { needs: readonly string[]; takes: readonly string[] }> = {
  choice: { needs: ["prompt", "chosen", "rejected"], takes: ["strength", "chosen_source", "rejected_source"] },
  edit: { needs: ["prompt", "answer", "edited"], takes: ["strength", "source"] },
  thumb: { needs: ["prompt", "answer", "thumb"], takes: ["source"] },
  undo: { needs: ["undo"], takes: [] },
};
const ALWAYS = ["file", "annotator", "note"];

/** @throws PrefineError("config") for names that make no form. */
function formOf(input: PreferenceInput): string {
  const names = Object.keys(CHECKS).filter((name) => input[name as keyof PreferenceInput] !== undefined);
  const own = names.filter((name) => !ALWAYS.includes(name));
  const fits = Object.entries(FORMS).find(
    ([, { needs, takes }]) =>
      needs.every((name) => own.includes(name)) && own.every((name) => [...needs, ...takes].includes(name)),
  );
  if (fits) return fits[0];
  const forms = Object.values(FORMS).map(({ needs }) => needs.join(", "));
  const message = `recordPreference: expected ${forms.join("; or ")}, found ${own.join(", ") || "none of these"}`;
  throw new PrefineError("config", message);
}

/** Records that this process has open, by absolute path. */
const records = new Map<string, Promise<PreferenceRecord>>();

/**
 * Records what a user of your app says of an answer: `await recordPreference({ file: "pairs.jsonl", prompt, chosen,
 * rejected })`. A kept answer over a regenerated one, a corrected answer, or a thumb. The event is on disk when the
 * promise is fulfilled, and `pairs.jsonl` has the pairs to train on. Several processes may append to one record.
 * @returns the event's id, by which `undo` takes it back.
 * @throws PrefineError("config") for wrong options; ("data") for a file of another kind; ("io") if it can't be saved,
 *   or if another program changed the file of pairs: then the event is saved, and that file left as it is.
 */
export async function recordPreference(input: PreferenceInput): Promise<RecordedPreference> {
  checkOptions<PreferenceInput>("recordPreference", input, CHECKS);
  checkValue("recordPreference: file", input?.file, CHECKS.file);
  const form = formOf(input);
  const place = resolve(input.file);
  const opened = records.get(place) ?? PreferenceRecord.open(input.file);
  records.set(place, opened);
  try {
    const record = await opened;
    const event =
      form === "undo"
        ? await record.undo(input.undo as string, input.annotator ?? null)
        : await record.append(eventIn(form, input));
    await record.written();
    return { id: event.id };
  } catch (error) {
    if (!(error instanceof PrefineError) || error.code !== "config") records.delete(place); // opened anew next time
    throw error;
  }
}

function eventIn(form: string, input: PreferenceInput): NewEvent {
  const { chosen, rejected, answer, edited, thumb, source, annotator = null, note = null } = input;
  const prompt = input.prompt as Content;
  const side = (given: unknown, from: string | undefined): Side => ({
    answer: answerTo(prompt, given as Content),
    source: from ?? null,
    tokens: null,
    settings: null,
  });
  const common = { prompt, annotator, note };
  if (form === "thumb") return { ...common, type: "thumb", side: side(answer, source), thumb };
  const isEdit = form === "edit";
  const left = isEdit ? side(edited, undefined) : side(chosen, input.chosen_source);
  const right = isEdit ? side(answer, source) : side(rejected, input.rejected_source);
  const how = isEdit ? "edit" : "choice";
  return { ...common, type: "verdict", left, right, verdict: "left", how, strength: input.strength ?? null };
}

/** An answer to messages is a message. */
function answerTo(prompt: Content, answer: Content): Content {
  return typeof prompt === "string" || typeof answer !== "string" ? answer : [{ role: "assistant", content: answer }];
}
