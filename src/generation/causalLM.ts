/** @file CausalLM: a loaded causal language model, for training and generation. */

import { options as anOptions, checkValue, inspected } from "../arguments.ts";
import type { SavedAdapter } from "../checkpoints/adapter.ts";
import { setOptions } from "../config/option.ts";
import { DecodeStream } from "../data/tokenizers/decodeStream.ts";
import type { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import { PrefineError } from "../errors.ts";
import { emitWarning } from "../host.ts";
import { largest } from "../lists.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import { counted, printable } from "../phrases.ts";
import { callSettings, type GenerateOptions } from "./callOptions.ts";
import type { Decoder } from "./decoder.ts";
import {
  type GenerateOutput,
  type GenerationRequest,
  type GenerationText,
  generateAll,
  type StreamedText,
  streamText,
} from "./generate.ts";
import { type GenerationInputs, isTokenized, readPrompts, type TokenizedInputs } from "./inputs.ts";
import { settingsOf } from "./modelSettings.ts";
import { PushedValues } from "./pushedValues.ts";
import { NonFiniteLogits, refuseManySequences } from "./sequence.ts";

export type { GenerateOptions };

/** The result of `tokenizer(text)` with added options, like Python's `generate(**inputs, ...)`. */
export type InputsWithOptions = TokenizedInputs & GenerateOptions;

/** The parts of a CausalLM. */
interface CausalLMParts {
  nameOrPath: string;
  loaded: LoadedModel;
  adapter: SavedAdapter | undefined;
  loadTokenizer: () => Promise<Tokenizer>;
  /** Called at the first generation: training needs no decoder. */
  openDecoder: () => Promise<Decoder>;
}

/** A causal language model, created by AutoModelForCausalLM.from_pretrained; `dispose()` frees the runtime's memory. */
export class CausalLM {
  /** Folder or hub id it was loaded from. */
  readonly name_or_path: string;
  /** Weights and config of the (base) model. */
  readonly loaded: LoadedModel;
  /** The adapter, if a run, a checkpoint or a PEFT folder was loaded. */
  readonly adapter: SavedAdapter | undefined;
  /** The model's generation_config.json; its values apply unless a call overrides them. */
  generation_config: Record<string, unknown>;
  private readonly parts: CausalLMParts;
  /** The file that generation_config was read from, for messages. */
  private readonly generationFile: string;
  private ownTokenizer: Promise<Tokenizer> | undefined;
  private decoder: Promise<Decoder> | undefined;
  private isDisposed = false;
  /** Resolves when the current generation ends: the decoder's cache serves one call at a time. */
  private lastTurn: Promise<void> = Promise.resolve();
  private readonly warned = new Set<string>();

  constructor(parts: CausalLMParts) {
    const { nameOrPath, loaded, adapter } = parts;
    this.parts = parts;
    this.name_or_path = nameOrPath;
    this.loaded = loaded;
    this.adapter = adapter;
    const { where, values } = settingsOf(loaded);
    this.generationFile = where;
    this.generation_config = { ...values };
  }

  /** config.json of the (base) model. */
  get config(): LoadedModel["config"] {
    return this.loaded.config;
  }

  /** The model's tokenizer, loaded on first use. */
  get tokenizer(): Promise<Tokenizer> {
    this.ownTokenizer ??= this.parts.loadTokenizer();
    return this.ownTokenizer;
  }

  /**
   * Generates like transformers' `generate`: `model.generate("text", { max_new_tokens: 25 })`,
   * `model.generate({ ...tokenizer("text"), generation_config })`.
   * @returns one list of ids per sequence (prompt and completion), with texts and finish reasons
   */
  async generate(inputs: GenerationInputs | InputsWithOptions, options: GenerateOptions = {}): Promise<GenerateOutput> {
    const call = joinOptions(inputs, options);
    callSettings(call.options, this.settingsFile()); // wrong options are reported before weights are read
    return this.inTurn(async (decoder) => generateAll(await this.request(decoder, call), call.options.onText));
  }

  /**
   * `generate`, token by token: `for await (const { text } of model.generateStream("Once"))`. Leaving the loop stops
   * the generation. Otherwise it runs to its end, however slowly its reader reads: another call of this model inside
   * the loop, or after a stream that was left unread, waits for the last token, not forever.
   */
  async *generateStream(
    inputs: GenerationInputs | InputsWithOptions,
    options: GenerateOptions = {},
  ): AsyncGenerator<StreamedText> {
    const call = joinOptions(inputs, options);
    callSettings(call.options, this.settingsFile());
    const pieces = new PushedValues<StreamedText>();
    let isRead = true;
    const work = this.inTurn(async (decoder) => {
      for await (const piece of streamText(await this.request(decoder, call))) {
        pieces.push(piece);
        if (!isRead) break;
      }
    }).then(
      () => pieces.end(),
      (error: unknown) => pieces.end(error),
    );
    try {
      yield* pieces;
    } finally {
      isRead = false;
      await work;
    }
  }

  /** Frees the runtime's memory once running generations have ended. */
  async dispose(): Promise<void> {
    const release = await this.takeTurn();
    this.isDisposed = true;
    const decoder = this.decoder;
    this.decoder = undefined;
    await (await decoder?.catch(() => undefined))?.dispose();
    release();
  }

  /** The model's own settings, and where they are. */
  private settingsFile() {
    return { model: this.generation_config, modelFile: this.generationFile };
  }

  /** What console.log shows. */
  [inspected](): string {
    const { architecture } = this.loaded;
    const size = architecture && `${architecture.layers} layers of width ${architecture.hiddenSize}`;
    const lines = [
      `name_or_path: ${this.name_or_path}`,
      `model_type: ${this.config.model_type}${size ? `, ${size}` : ""}`,
    ];
    if (this.adapter) lines.push(`adapter: r ${this.adapter.config.r}, on ${this.loaded.nameOrPath}`);
    return printable(`CausalLM({\n  ${lines.join(",\n  ")}\n})`);
  }

  private async request(decoder: Decoder, call: Call): Promise<GenerationRequest> {
    const { inputs, options } = call;
    const { tokenizer, signal, onWarning } = options;
    const { settings, warnings } = callSettings(options, this.settingsFile());
    if (decoder.notice) this.warn(decoder.notice, onWarning);
    for (const line of warnings) this.warn(line, onWarning);
    const findTokenizer = async () => tokenizer ?? (await this.tokenizer);
    const { bosTokenId } = settings;
    const { vocabSize } = decoder;
    const prompts = await readPrompts(inputs, { tokenizer: findTokenizer, vocabSize, bosTokenId, signal });
    if (
      isText(inputs) &&
      prompts.some((ids) => bosTokenId !== undefined && ids[0] === bosTokenId && ids[1] === bosTokenId)
    ) {
      this.warn("a prompt begins with two bos tokens: its text has one, and the tokenizer adds another", onWarning);
    }
    refuseManySequences(settings, prompts.length, decoder.vocabSize);
    const longest = largest(prompts.map((prompt) => prompt.length));
    const room = decoder.maxPositions - longest;
    if ((settings.max_new_tokens ?? 0) > room && room > 0) {
      const [positions, tokens] = [counted(decoder.maxPositions, "position"), counted(longest, "token")];
      const line = `the model's ${positions} leave ${room} after a prompt of ${tokens}`;
      this.warn(`max_new_tokens: ${settings.max_new_tokens} is too many, ${line}`, onWarning);
    }
    const isNeeded = settings.stopStrings.length > 0;
    const textTokenizer = await findTokenizer().catch((error: unknown) => {
      if (isNeeded) throw error;
      return undefined; // not needed for ids
    });
    return { decoder, prompts, settings, text: textTokenizer && textOf(textTokenizer), signal };
  }

  private warn(line: string, onWarning = emitWarning): void {
    if (this.warned.has(line)) return;
    this.warned.add(line);
    onWarning(line);
  }

  private async inTurn<T>(work: (decoder: Decoder) => Promise<T>): Promise<T> {
    const release = await this.takeTurn();
    try {
      const decoder = await this.openDecoder();
      return await work(decoder).catch((error: unknown) => this.explain(error, decoder));
    } finally {
      release();
    }
  }

  /** Names the weight behind logits that are not finite. */
  private async explain(error: unknown, decoder: Decoder): Promise<never> {
    const weight = error instanceof NonFiniteLogits ? await decoder.findNonFinite?.() : undefined;
    if (weight === undefined) throw error;
    const hint = "The file is damaged, or the training that wrote it diverged: download it again, or use another one.";
    throw new PrefineError("model", `${this.name_or_path}: ${weight}`, hint, { cause: error });
  }

  /** Waits for earlier calls; the next call waits until the returned function is called. */
  private async takeTurn(): Promise<() => void> {
    const before = this.lastTurn;
    let release = () => {};
    this.lastTurn = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    return release;
  }

  private openDecoder(): Promise<Decoder> {
    if (this.isDisposed) {
      const hint = "Call dispose() after the last answer, or load the model again.";
      throw new PrefineError("model", `${this.name_or_path}: generate after dispose()`, hint);
    }
    const opening = this.decoder ?? this.parts.openDecoder();
    this.decoder = opening;
    opening.catch(() => {
      this.decoder = undefined; // the next call tries again
    });
    return opening;
  }
}

interface Call {
  inputs: GenerationInputs;
  options: GenerateOptions;
}

function joinOptions(inputs: GenerationInputs | InputsWithOptions, options: GenerateOptions): Call {
  checkValue("generate", options, anOptions);
  if (!isTokenized(inputs)) return { inputs, options };
  const { input_ids, attention_mask, ...inline } = inputs as InputsWithOptions;
  return { inputs: { input_ids, attention_mask }, options: { ...inline, ...setOptions(options) } };
}

/** Whether the prompts need the tokenizer. */
function isText(inputs: GenerationInputs): boolean {
  return typeof inputs === "string" || (Array.isArray(inputs) && typeof inputs[0] === "string");
}

function textOf(tokenizer: Tokenizer): GenerationText {
  return {
    decode: (ids, options) => tokenizer.decode(ids, options),
    stream: () => new DecodeStream(tokenizer, { skip_special_tokens: true }),
  };
}
