/** @file What one call generates: text as it comes, or all sequences, texts and finish reasons at the end. */
import { PrefineError } from "../errors.ts";
import type { Decoder } from "./decoder.ts";
import { generateBeams } from "./generateBeams.ts";
import { generateTokens } from "./generateTokens.ts";
import type { FinishReason, GenerationSettings } from "./sequence.ts";
import type { TokenDecoder } from "./stopStrings.ts";

/** Turns the ids of one sequence into text piece by piece; a piece never ends inside a UTF-8 character. */
interface TextStream {
  /** The text that this id completes; often "" inside a character of several tokens. */
  push(id: number): string;
  /** What is left at the end. */
  end(): string;
}

/** The tokenizer's part in generation. */
export interface GenerationText extends TokenDecoder {
  /** A new stream; special tokens are skipped in it. */
  stream(): TextStream;
}

export interface GenerationRequest {
  decoder: Decoder;
  /** Ids of each prompt, not empty, without padding. */
  prompts: ReadonlyArray<readonly number[]>;
  settings: GenerationSettings;
  /** Without it there are no texts, and stop strings can't be found. */
  text?: GenerationText;
  signal?: AbortSignal;
}

/** One more token of one sequence. */
export interface StreamedText {
  /** Number of the sequence: prompt 0 (num_return_sequences times), prompt 1, ... */
  index: number;
  id: number;
  /** The text it completes, special tokens skipped; all pieces of a sequence joined are its text. */
  text: string;
  /** With the last token of the sequence. */
  finishReason?: FinishReason;
}

/**
 * The sequences, as `generate` of transformers returns them: prompt and completion, prompts of a batch padded on the
 * left and completions on the right with pad_token_id (or not at all where there is none), with what else is known.
 */
export interface GenerateOutput extends Array<number[]> {
  /** Ids of each completion alone: no prompt, no padding; an end-of-sequence token stays. */
  completions: number[][];
  /** Text of each completion, special tokens skipped; a stop string stays. Empty without a tokenizer. */
  texts: string[];
  finishReasons: FinishReason[];
  /** Of a beam search: log-probability of each completion / its length ** length_penalty; transformers' name. */
  sequences_scores?: number[];
  /** The seed that was used: with it the same texts are drawn again. */
  seed: number;
}

/**
 * Tokens and their text as soon as they are there, sequences of a batch interleaved.
 * @throws PrefineError for a beam search, as transformers' streamers
 */
export async function* streamText(request: GenerationRequest): AsyncGenerator<StreamedText> {
  const { decoder, prompts, settings, text, signal } = request;
  if (settings.num_beams > 1) refuseStreaming(settings.num_beams);
  const sequences = prompts.length * settings.num_return_sequences;
  const streams = Array.from({ length: sequences }, () => text?.stream());
  for await (const tokens of generateTokens(decoder, prompts, settings, { tokenizer: text, signal })) {
    for (const { row, id, finishReason } of tokens) {
      const stream = streams[row];
      let piece = stream?.push(id) ?? "";
      if (stream && finishReason) piece += stream.end();
      yield { index: row, id, text: piece, finishReason };
    }
  }
}

/** Runs to the end. `onText` sees every token on the way; a beam search has none to show before its end. */
export async function generateAll(
  request: GenerationRequest,
  onText?: (piece: StreamedText) => void,
): Promise<GenerateOutput> {
  if (request.settings.num_beams > 1) return searchBeams(request, onText);
  const { prompts, settings } = request;
  const copies = settings.num_return_sequences;
  const completions: number[][] = Array.from({ length: prompts.length * copies }, () => []);
  const texts = completions.map(() => "");
  const finishReasons: FinishReason[] = [];
  for await (const piece of streamText(request)) {
    completions[piece.index].push(piece.id);
    texts[piece.index] += piece.text;
    if (piece.finishReason) finishReasons[piece.index] = piece.finishReason;
    onText?.(piece);
  }
  const sequences = padSequences(request, completions, settings.padTokenId);
  return Object.assign(sequences, {
    completions,
    texts: request.text ? texts : [],
    finishReasons,
    seed: settings.seed,
  });
}

async function searchBeams(request: GenerationRequest, onText: unknown): Promise<GenerateOutput> {
  const { decoder, prompts, settings, text, signal } = request;
  if (onText) refuseStreaming(settings.num_beams);
  const answers = await generateBeams(decoder, prompts, settings, { tokenizer: text, signal });
  const completions = answers.map(({ ids }, index) =>
    ids.slice(prompts[Math.floor(index / settings.num_return_sequences)].length),
  );
  const texts = completions.map((ids) => {
    const stream = text?.stream();
    return stream ? ids.map((id) => stream.push(id)).join("") + stream.end() : "";
  });
  // transformers takes a pad_token_id of 0 for none here
  const fill = settings.padTokenId || (settings.eosTokenIds[0] ?? settings.padTokenId);
  return Object.assign(padSequences(request, completions, fill), {
    completions,
    texts: text ? texts : [],
    finishReasons: answers.map(({ finishReason = "length" }) => finishReason),
    sequences_scores: answers.map(({ score }) => score),
    seed: settings.seed,
  });
}

function refuseStreaming(beams: number): never {
  throw new PrefineError(
    "config",
    `generate: a beam search can't be streamed: its tokens are known at its end, found num_beams: ${beams}`,
    "Set num_beams: 1, or wait for the whole answer.",
  );
}

/** @param fill behind shorter completions */
function padSequences(
  { prompts, settings }: GenerationRequest,
  completions: readonly number[][],
  fill: number | undefined,
): number[][] {
  const { padTokenId, num_return_sequences } = settings;
  const longestPrompt = Math.max(...prompts.map((prompt) => prompt.length));
  const longestCompletion = Math.max(...completions.map((completion) => completion.length));
  return completions.map((completion, index) => {
    const prompt = prompts[Math.floor(index / num_return_sequences)];
    if (fill === undefined) return [...prompt, ...completion];
    const left = new Array<number>(longestPrompt - prompt.length).fill(padTokenId ?? fill);
    const right = new Array<number>(longestCompletion - completion.length).fill(fill);
    return [...left, ...prompt, ...completion, ...right];
  });
}
