/**
 * @file The course note "DPO with Hugging Face", line by line: from a preference dataset to two answers.
 * `npx tsx examples/dpo-with-hugging-face.ts` trains gpt2 on 61,135 pairs for 5 epochs, as the note does: about 70
 * hours on two CPU cores, at 0.8 s per pair. With `max_steps: 100` in training_args it takes minutes.
 */
import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import {
  AutoModelForCausalLM,
  DPOConfig,
  DPOTrainer,
  GenerationConfig,
  GPT2Tokenizer,
  LoraConfig,
  loadDataset,
  plotRuns,
  type Row,
  renderPng,
} from "prefine";

// --- Dataset preprocessing ----------------------------------------------------------------------------------------

let ds = await loadDataset("BarraHome/ultrafeedback_binarized");

// Six splits; each record has seven features
console.log(ds.splitNames.join(", "));
console.log(Object.keys(await ds.train_prefs.at(0)).join(", "));

interface Message {
  role: string;
  content: string;
}

function process(row: Row) {
  // delete unwanted columns
  delete row.prompt_id;
  delete row.messages;
  delete row.score_chosen;
  delete row.score_rejected;
  // retrieve the actual response text
  row.chosen = (row.chosen as Message[]).at(-1)?.content;
  row.rejected = (row.rejected as Message[]).at(-1)?.content;

  return row;
}

// Apply the data processing function to the dataset. (An inline function runs on this thread, regardless of num_proc;
// { module: "process.mjs" } instead runs on worker threads.)
ds = await ds.map(process, {
  num_proc: availableParallelism(),
  load_from_cache_file: false,
});

// Split the dataset into training and evaluation sets
const train_dataset = ds.train_prefs;
const eval_dataset = ds.test_prefs;

// A sample record after pre-processing
console.log(await train_dataset.at(0));

// --- Model creation -----------------------------------------------------------------------------------------------

// Load GPT-2 model
const model = await AutoModelForCausalLM.from_pretrained("gpt2");

// Load a reference model (its weights are read on first use: here never, see ref_model below)
const model_ref = await AutoModelForCausalLM.from_pretrained("gpt2");

// Load GPT-2 tokenizer
let tokenizer = await GPT2Tokenizer.from_pretrained("gpt2");

// Set the pad token to the end-of-sequence token
tokenizer.pad_token = tokenizer.eos_token;

// --- PEFT configuration -------------------------------------------------------------------------------------------

// PEFT (Parameter-Efficient Finetuning) configuration
const peft_config = new LoraConfig({
  // The rank of the low-rank adaptation weights
  r: 4,
  // The target modules to apply the low-rank adaptation to
  target_modules: ["c_proj", "c_attn"],
  // The task type for the low-rank adaptation
  task_type: "CAUSAL_LM",
  // The scaling factor for the low-rank adaptation weights
  lora_alpha: 8,
  // The dropout probability for the low-rank adaptation weights (no effect in TRL and prefine unless disable_dropout
  // is false)
  lora_dropout: 0.1,
  // The bias mode for the low-rank adaptation
  bias: "none",
});

// --- Training arguments -------------------------------------------------------------------------------------------

// DPO configuration
const training_args = new DPOConfig({
  // The beta parameter for the DPO loss function
  // beta is the temperature parameter for the DPO loss, typically something in the range of 0.1 to 0.5
  beta: 0.1,
  // The output directory for the training
  output_dir: "dpo",
  // The number of training epochs
  num_train_epochs: 5,
  // The batch size per device during training
  per_device_train_batch_size: 1,
  // The batch size per device during evaluation
  per_device_eval_batch_size: 1,
  // Whether to remove unused columns from the dataset
  remove_unused_columns: false,
  // The number of steps between logging training progress
  logging_steps: 10,
  // The number of gradient accumulation steps
  gradient_accumulation_steps: 1,
  // The learning rate for the optimization
  learning_rate: 1e-4,
  // The evaluation strategy (e.g., after each step or epoch); now named eval_strategy
  evaluation_strategy: "epoch",
  // The number of warmup steps for the learning rate scheduler
  warmup_steps: 2,
  // Whether to use 16-bit (float16) precision
  fp16: false,
  // The number of steps between saving checkpoints
  save_steps: 500,
  // The maximum number of checkpoints to keep
  // save_total_limit: 2,
  // The reporting backend to use (set to 'none' to disable, you can also report to tensorboard)
  report_to: "none",
});

// --- Defining DPO trainer -----------------------------------------------------------------------------------------

// Create a DPO trainer
// This trainer will handle the fine-tuning of the model using the DPO technique
const trainer = new DPOTrainer({
  // The model to be fine-tuned
  model,
  // The reference model (not used in this case because LoRA has been used)
  ref_model: null,
  // The DPO training configuration
  args: training_args,
  // The training dataset
  train_dataset,
  // The evaluation dataset
  eval_dataset,
  // The tokenizer for the model
  tokenizer,
  // The PEFT (Parameter-Efficient Finetuning) configuration
  peft_config,
  // The maximum prompt length
  // max_prompt_length: 512,
  // The maximum sequence length
  max_length: 512,
});

// Start the training process
await trainer.train();

// --- Training loss ------------------------------------------------------------------------------------------------

// Retrieve log_history, and select the entries with a training loss
const log = trainer.state.log_history;
const log_t = log.filter(({ loss }) => loss !== undefined);

// Plot the training loss. (train() has already plotted dpo/training_loss.png, with the evaluation loss, the margins
// and the accuracies.)
const svg = plotRuns([{ name: "train_loss", log_history: log_t }], { metrics: ["loss"] });
await writeFile("train_loss.png", renderPng(svg));

// Free the runtime's memory for the models below
await trainer.dispose();
await model_ref.dispose();

// --- Generation ---------------------------------------------------------------------------------------------------

// Load the trained DPO model: the adapter, on the base model named in its adapter_config.json
const dpo_model = await AutoModelForCausalLM.from_pretrained("dpo");

// Load the GPT-2 tokenizer
tokenizer = await GPT2Tokenizer.from_pretrained("gpt2");

// Load the pre-trained GPT-2 model
const gpt2_model = await AutoModelForCausalLM.from_pretrained("gpt2");

// Define the generation configuration for the DPO model
// This sets the parameters for text generation
const generation_config = new GenerationConfig({
  // Use sampling to generate diverse text
  do_sample: true,
  // Top-k sampling parameter
  top_k: 1,
  // Temperature parameter to control the randomness of the generated text
  temperature: 0.1,
  // Maximum number of new tokens to generate
  max_new_tokens: 25,
  // Use the end-of-sequence token as the padding token
  pad_token_id: tokenizer.eos_token_id,
});

// --- Inference ----------------------------------------------------------------------------------------------------

// Define the input prompt for text generation
const PROMPT = "Is a higher octane gasoline better for your car?";
// Encode the prompt using the tokenizer
const inputs = tokenizer(PROMPT);

// Generate text using the DPO model
let outputs = await dpo_model.generate({ ...inputs, generation_config });
// Decode the generated text and print it
console.log("DPO response:\t", tokenizer.decode(outputs[0], { skip_special_tokens: true }));

// Generate text using the GPT-2 model
outputs = await gpt2_model.generate({ ...inputs, generation_config });
// Decode the generated text and print it
console.log("\nGPT2 response:\t", tokenizer.decode(outputs[0], { skip_special_tokens: true }));

await dpo_model.dispose();
await gpt2_model.dispose();
