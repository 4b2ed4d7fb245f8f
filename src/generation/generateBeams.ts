/** @file The beam search loop: prompts -> the best sequences of each; one decoder call per step. */
import {
  advanceBeams,
  type BeamCandidate,
  type BeamRules,
  type BeamState,
  candidateCount,
  type Hypothesis,
  startBeams,
} from "./beamSearch.ts";
import { drawContinuations, likeliest } from "./candidates.ts";
import type { Decoder } from "./decoder.ts";
import { logitsProcessors } from "./logitsProcessors.ts";
import { type Draws, sequenceDraws } from "./sampling.ts";
import { type LogitsProcessor, logSoftmax } from "./scores.ts";
import {
  fedPadding,
  finishReason,
  type GenerationSettings,
  type LoopOptions,
  promptInput,
  refuseLogits,
  refuseScore,
  type StepInput,
  stopIfAborted,
  timeLimit,
  tokenBudget,
} from "./sequence.ts";

/** The search for one prompt. */
interface Search {
  rules: BeamRules;
  state: BeamState;
  processors: LogitsProcessor[];
  draw: Draws;
  /** Its first row in the decoder's last call; the first call has one row per prompt. */
  firstRow: number;
}

/**
 * Beam search, or beam sampling with do_sample. A prompt gets the same answers alone and in a batch; finished prompts
 * leave the batch.
 * @param prompts ids of each prompt, not empty, without padding
 * @returns num_return_sequences answers to prompt 0, best first, then to prompt 1, ...
 */
export async function generateBeams(
  decoder: Decoder,
  prompts: ReadonlyArray<readonly number[]>,
  settings: GenerationSettings,
  options: LoopOptions = {},
): Promise<Hypothesis[]> {
  const searches = startSearches(prompts, settings, decoder.maxPositions);
  let active = searches;
  let input = promptInput(prompts, fedPadding(settings, decoder.vocabSize));
  const isTimeOver = timeLimit(settings);
  await decoder.reset();
  for (let step = 0; active.length > 0; step++) {
    stopIfAborted(options.signal);
    const logits = await decoder.step(input.tokens, input.positions, input);
    const isLate = isTimeOver();
    for (const search of active) {
      const rowOf = (beam: number) => search.firstRow + (step === 0 ? 0 : beam);
      const rows = search.state.beams.map((_, beam) => rowAt(logits, rowOf(beam), decoder.vocabSize));
      const candidates = continueBeams(search, rows, { step, settings, isLate, tokenizer: options.tokenizer });
      search.state = advanceBeams(search.state, candidates, search.rules);
    }
    active = active.filter(({ state }) => !state.isDone);
    input = beamInput(active, step === 0);
  }
  return searches.flatMap(({ state }) => state.answers.slice(0, settings.num_return_sequences));
}

function startSearches(
  prompts: ReadonlyArray<readonly number[]>,
  settings: GenerationSettings,
  maxPositions: number,
): Search[] {
  const { num_beams, length_penalty, early_stopping, eosTokenIds } = settings;
  const drawsFor = sequenceDraws(settings.seed);
  return prompts.map((prompt, index) => {
    const promptLength = prompt.length;
    const budget = tokenBudget(settings, promptLength, maxPositions);
    return {
      rules: {
        numBeams: num_beams,
        lengthPenalty: length_penalty,
        earlyStopping: early_stopping,
        promptLength,
        budget,
      },
      state: startBeams(prompt, num_beams),
      processors: logitsProcessors(settings, { promptLength, eosTokenIds, budget }),
      draw: drawsFor(prompt),
      firstRow: index,
    };
  });
}

function rowAt(logits: Float32Array, row: number, vocabSize: number): Float32Array {
  return logits.subarray(row * vocabSize, (row + 1) * vocabSize);
}

interface BeamStep extends Pick<LoopOptions, "tokenizer"> {
  step: number;
  settings: GenerationSettings;
  isLate: boolean;
}

/** The continuations of a step. @param rows [V] logits after each beam */
function continueBeams(
  { state: { beams }, rules, processors, draw }: Search,
  rows: readonly Float32Array[],
  { step, settings, isLate, tokenizer }: BeamStep,
): BeamCandidate[] {
  const { promptLength } = rules;
  const scored = beams.map(({ ids, score }, beam) => {
    refuseLogits(rows[beam], { ids, promptLength });
    const normalized = logSoftmax(rows[beam]);
    return { score, logProbs: processors.reduce((scores, process) => process(scores, ids), normalized) };
  });
  const count = candidateCount(rules.numBeams, settings.eosTokenIds);
  const continuations = settings.do_sample
    ? drawContinuations(scored, count, (index) => draw(step * count + index))
    : likeliest(scored, count);
  refuseScore(continuations[0].score, { ids: beams[0].ids, promptLength });
  return continuations.map(({ beam, token, score }) => {
    const ids = [...beams[beam].ids, token];
    return { ids, score, parent: beam, finishReason: finishReason({ ...rules, ids, isLate }, settings, tokenizer) };
  });
}

/** The next call: [B] last tokens of all beams; each continues its parent's row in the cache. */
function beamInput(active: readonly Search[], isBehindPrompt: boolean): StepInput {
  const beams = active.flatMap(({ state, firstRow }) =>
    state.beams.map(({ ids, parent }) => ({ ids, row: firstRow + (isBehindPrompt ? 0 : parent) })),
  );
  let firstRow = 0;
  for (const search of active) {
    search.firstRow = firstRow;
    firstRow += search.state.beams.length;
  }
  return {
    tokens: Int32Array.from(beams, ({ ids }) => ids[ids.length - 1]),
    positions: Int32Array.from(beams, ({ ids }) => ids.length - 1),
    rows: Int32Array.from(beams, ({ row }) => row),
    batch: beams.length,
    length: 1,
  };
}
