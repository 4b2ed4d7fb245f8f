/**
 * @file A program of someone who has installed prefine, with most of its API: package.sh checks its types with old and
 * new compilers under their strictest options, then runs it as JavaScript. What it exports is not run.
 */
import {
  AutoModelForCausalLM,
  AutoTokenizer,
  BitsAndBytesConfig,
  type BitsAndBytesConfigInput,
  type CallbackInput,
  type CallbackState,
  type CausalLM,
  type ChatMessage,
  type ChatOptions,
  type ComputeMetrics,
  type Conversation,
  createLogger,
  Dataset,
  type DatasetDict,
  DPOConfig,
  type DPOConfigInput,
  DPOTrainer,
  type DPOTrainerOptions,
  EarlyStoppingCallback,
  type EarlyStoppingOptions,
  type EvalPrediction,
  type EvaluatedPair,
  type EventDetails,
  type Features,
  type GenerateOptions,
  type GenerateOutput,
  GenerationConfig,
  type GenerationConfigInput,
  GPT2Tokenizer,
  type LoadDatasetOptions,
  type LoadTokenizerOptions,
  type LogEntry,
  type Logger,
  LoraConfig,
  type LoraConfigInput,
  loadDataset,
  type MapFunction,
  type MapModule,
  type MergedModel,
  type MergeOptions,
  merge_and_unload,
  PrefineError,
  type PrefineErrorCode,
  parseRun,
  pipeline,
  plotRunFolders,
  plotRuns,
  plotTerminal,
  type Row,
  type RunConfig,
  type RunInput,
  type RunOptions,
  readTrainerState,
  renderPng,
  runFrom,
  type StreamedText,
  type TextGenerationPipeline,
  type Tokenizer,
  type TrainerCallback,
  type TrainerControl,
  type TrainerState,
  type TrainOptions,
  type TrainOutput,
  train,
  ultrafeedback,
} from "prefine";

const base = "node_modules/prefine/demo/everyday-gpt2";
const data = "node_modules/prefine/demo/everyday-preferences";
const output_dir = "program-run";

function check(holds: boolean, expected: string): asserts holds {
  if (!holds) throw new Error(`expected ${expected}`);
}

// --- data ---

const loading: LoadDatasetOptions = { name: undefined, split: ["train_prefs", "test_prefs"], data_files: undefined };
const messages: DatasetDict = await loadDataset(data, loading);
const addLength: MapFunction = (row, index) => ({ ...row, length: String(row.prompt).length + index });
const rows: Dataset = await messages.split("train_prefs").select([0, 1, 2, 3, 4, 5]).map(ultrafeedback);
const measured = await rows.map(addLength, { num_proc: undefined });
const features: Features = measured.features;
const { train: kept, test: heldOut } = rows.train_test_split({ test_size: 2, seed: 1, shuffle: undefined });
const first: Row = await rows.at(0);
const copies = Dataset.fromRows([first, first]);
export const fromModule = (module: MapModule) => rows.map(module);
check(kept.num_rows === 4 && copies.num_rows === 2 && features.length?.kind === "value", "4 rows, 2 copies, a length");

// --- training ---

class Watch implements TrainerCallback {
  steps = 0;
  losses: number[] = [];

  on_step_end(args: DPOConfig, state: TrainerState, control: TrainerControl): TrainerControl {
    this.steps = state.global_step;
    if (this.steps >= args.max_steps) control.should_training_stop = true;
    return control;
  }

  async on_log(_: DPOConfig, __: TrainerState, ___: TrainerControl, { logs }: EventDetails): Promise<void> {
    if (logs?.loss !== undefined) this.losses.push(logs.loss);
  }

  state(): CallbackState {
    return { args: {}, attributes: { steps: this.steps } };
  }
}

const settings: DPOConfigInput = {
  output_dir,
  overwrite_output_dir: true,
  beta: 0.2,
  learning_rate: undefined,
  loss_type: undefined,
  max_steps: 2,
  logging_steps: 1,
  per_device_train_batch_size: 2,
  eval_strategy: "steps",
  eval_steps: 1,
  metric_for_best_model: "eval_loss",
  report_to: "none",
};
const lora: LoraConfigInput = { r: 4, lora_alpha: undefined, target_modules: ["c_attn"] };
const patience: EarlyStoppingOptions = { early_stopping_patience: 3, early_stopping_threshold: undefined };
const compute_metrics: ComputeMetrics = ({ predictions }: EvalPrediction) => {
  const margins = predictions.map((pair: EvaluatedPair) => pair["rewards/margins"]);
  return { largest_margin: Math.max(...margins) };
};
const logger: Logger = createLogger({ disable_tqdm: true, columns: undefined });
const watch = new Watch();
const callbacks: CallbackInput[] = [watch, new EarlyStoppingCallback(patience)];
const tokenizer: Tokenizer = await GPT2Tokenizer.from_pretrained(base);
const options: DPOTrainerOptions = {
  model: base,
  ref_model: undefined,
  args: new DPOConfig(settings),
  train_dataset: kept,
  eval_dataset: { held_out: heldOut },
  processing_class: tokenizer,
  peft_config: new LoraConfig(lora),
  quantization_config: undefined,
  compute_metrics,
  callbacks,
  logger,
};
const trainer = new DPOTrainer({ ...options, args: { ...settings, metric_for_best_model: "eval_held_out_loss" } });
const stop: TrainOptions = { signal: new AbortController().signal, resume_from_checkpoint: undefined };
const output: TrainOutput = await trainer.train(stop);
const log: LogEntry[] = trainer.state.log_history;
await trainer.dispose();
check(
  output.global_step === 2 && watch.steps === 2 && watch.losses.length === 2,
  "2 steps, and the callback to see them",
);
check(
  log.some((entry) => entry.eval_held_out_largest_margin !== undefined),
  "a metric of the program's own",
);

// --- a run as data ---

const input: RunInput = { model_name_or_path: base, dataset_name: data, output_dir, use_peft: true, seed: undefined };
const run: RunConfig = runFrom(input);
const { run: fromFlags } = parseRun({ file: undefined, flags: ["--model_name_or_path", base, "--dataset_name", data] });
const quantization: BitsAndBytesConfigInput = { load_in_4bit: true, bnb_4bit_quant_type: undefined };
export const trainAgain = (again: RunOptions): Promise<TrainOutput> => train(run, again);
check(run.peft_config !== null && fromFlags.args.beta === 0.1, "use_peft to make an adapter, and TRL's beta");
check(new BitsAndBytesConfig(quantization).load_in_4bit, "4 bits");

// --- generation ---

const generation: GenerationConfigInput = { max_new_tokens: 4, do_sample: false, temperature: undefined };
const generation_config = new GenerationConfig(generation);
const pieces: StreamedText[] = [];
const asking: GenerateOptions = {
  generation_config,
  tokenizer,
  signal: undefined,
  onText: (piece) => pieces.push(piece),
};
const model: CausalLM = await AutoModelForCausalLM.from_pretrained(output_dir);
const answer: GenerateOutput = await model.generate("Why is the sky blue?", asking);
const [ids] = await model.generate({ ...tokenizer("Why is the sky blue?"), generation_config });
let streamed = "";
for await (const { text } of model.generateStream("Why is the sky blue?", { generation_config })) streamed += text;
check(pieces.length > 0 && streamed === answer.texts[0] && ids?.length === answer[0]?.length, "the same answer thrice");

const generate: TextGenerationPipeline = await pipeline("text-generation", { model, tokenizer, batch_size: undefined });
const texts = await generate(["Why?", "How?"], { ...generation, return_full_text: false });
check(texts.length === 2 && typeof texts[0]?.[0]?.generated_text === "string", "a text for each prompt");
await generate.dispose();

const fromHub: LoadTokenizerOptions = { revision: undefined };
const chat: Conversation = [{ role: "user", content: "Hello" } satisfies ChatMessage];
const chat_template = "{% for message in messages %}{{ message.content }}{% endfor %}";
const chatting = { chat_template, tokenize: false, tools: undefined } as const satisfies ChatOptions;
const said: string = (await AutoTokenizer.from_pretrained(base, fromHub)).apply_chat_template(chat, chatting);
check(said === "Hello", "the text of a chat");

// --- what is left of it: a merged model, plots ---

const merging: MergeOptions = { output_dir: "program-merged", overwrite_output_dir: true, dtype: undefined };
const merged: MergedModel = await merge_and_unload(output_dir, { ...merging, onWarning: undefined });
const state = await readTrainerState(output_dir);
const png: Uint8Array = renderPng(plotRuns([state], { theme: "dark", metrics: ["loss"], title: undefined }));
const { svg } = await plotRunFolders([output_dir], { out: "program-plot", width: undefined });
check(merged.largest_logit > 0 && png.length > 1000 && svg.endsWith(".svg"), "a merged model, and a plot twice");
console.log(plotTerminal(log, { columns: 60, rows: undefined, ascii: true }));

// --- errors ---

// @ts-expect-error there is no such option
const misspelled = () => new DPOConfig({ output_dir, betta: 0.2 });
// @ts-expect-error an answer has a text for each of its sequences, and may have none
export const certain: string = answer.texts[1];
let code: PrefineErrorCode | undefined;
try {
  misspelled();
} catch (error) {
  if (error instanceof PrefineError) code = error.code;
}
check(code === "config", "a config error");
console.log("all is as its types say");
