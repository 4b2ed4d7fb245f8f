/** @file Runs one generation call: streamed text, or all sequences, texts and finish reasons at the end. */
import { PrefineError } from "../errors.ts";
import { largest } from "../lists.ts";
import type { Decoder } from "./decoder.ts";
import { generateBeams } from "./generateBeams.ts";
import { generateTokens } from "./generateTokens.ts";
import type { FinishReason, GenerationSettings } from "./sequence.ts";
import type { TokenDecoder } from "./stopStrings.ts";

/** Decodes the ids of one sequence incrementally; a piece never ends inside a UTF-8 character. */
interface TextStream {
  /** The text completed by this id; "" inside a character of several tokens. */
  push(id: number): string;
  /** The remaining text at the end. */
  end(): string;
}

/** The tokenizer's functions for generation. */
export interface GenerationText extends TokenDecoder {
  /** A new stream, which skips special tokens. */
  stream(): TextStream;
}

export interface GenerationRequest {
  decoder: Decoder;
  /** Ids of each prompt, not empty, without padding. */
  prompts: ReadonlyArray<readonly number[]>;
  settings: GenerationSettings;
  /** Without it, there are no texts and no stop strings. */
  text?: GenerationText;
  signal?: AbortSignal;
}

/** The next token of one sequence. */
export interface StreamedText {
  /** Number of the sequence: prompt 0 (num_return_sequences times), prompt 1, ... */
  index: number;
  id: number;
  /** The text it completes, without special tokens; the pieces of a sequence concatenate to its text. */
  text: string;
  /** Set with the last token of the sequence. */
  finishReason?: FinishReason;
}

/**
 * The sequences, as returned by transformers' `generate`: prompt and completion, with prompts of a batch padded on the
 * left and completions on the right with pad_token_id (or unpadded if there is none), and further results.
 */
export interface GenerateOutput extends Array<number[]> {
  /** Ids of each completion: no prompt, no padding; includes an end-of-sequence token. */
  completions: number[][];
  /** Text of each completion, without special tokens; includes a stop string. Empty without a tokenizer. */
  texts: string[];
  finishReasons: FinishReason[];
  /** Beam search only: log-probability of each completion / its length ** length_penalty; transformers' name. */
  sequences_scores?: number[];
  /** The seed used, which reproduces the texts. */
  seed: number;
}

/**
 * Yields each token and its text once generated, with the sequences of a batch interleaved.
 * @throws PrefineError for beam search, like transformers' streamers
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

/** Runs to the end. `onText` receives every token as generated; beam search has none before its end. */
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
  // transformers treats a pad_token_id of 0 as none here
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
    `generate: beam search can't be streamed: its tokens are known only at the end, found num_beams: ${beams}`,
    "Set num_beams: 1, or use generate.",
  );
}

/** @param fill the padding after shorter completions */
function padSequences(
  { prompts, settings }: GenerationRequest,
  completions: readonly number[][],
  fill: number | undefined,
): number[][] {
  const { padTokenId, num_return_sequences } = settings;
  const longestPrompt = largest(prompts.map((prompt) => prompt.length));
  const longestCompletion = largest(completions.map((completion) => completion.length));
  return completions.map((completion, index) => {
    const prompt = prompts[Math.floor(index / num_return_sequences)];
    if (fill === undefined) return [...prompt, ...completion];
    const left = new Array<number>(longestPrompt - prompt.length).fill(padTokenId ?? fill);
    const right = new Array<number>(longestCompletion - completion.length).fill(fill);
    return [...left, ...prompt, ...completion, ...right];
  });
}
