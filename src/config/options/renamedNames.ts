/** @file The names that TRL (up to 1.16) and transformers (up to 5.23) have renamed or removed. */
import { float } from "../kinds.ts";
import { gone, missed, movedTo, type RenamedTable, refused, translatedLater } from "../renamed.ts";
import { AUTHORS_NAMES } from "./authorsNames.ts";

const asBool = (value: unknown) => /^(true|yes|1|on)$/i.test(String(value));
const UNPADDED = "prefine never pads";
const ANSWERS = "answers are not truncated separately; max_length truncates prompt and answer";
const ADAPTERS =
  "adapters have no names in prefine; adapter_name_or_path starts from one, and its frozen copy is the reference";
const HALF = "prefine computes in float32";
const ONE_DEVICE = "every process trains on one device";

const UPLOAD = "prefine uploads nothing; upload the finished output_dir yourself";
const TRACKED = "logs go to trainer_state.json and, with report_to: tensorboard, to event files";

/** transformers 4: warmup_steps above 0 overrides warmup_ratio, and 0 is as if it were not set. */
const warmupBeside = (_ratio: unknown, steps: unknown) => (float.read(steps) ? "new" : "old");

const training = {
  evaluation_strategy: movedTo("eval_strategy"),
  warmup_ratio: movedTo("warmup_steps", (value) => (Number(value) === 0 ? undefined : value), warmupBeside),
  group_by_length: movedTo("train_sampling_strategy", (value) => (asBool(value) ? "group_by_length" : undefined)),
  no_cuda: movedTo("use_cpu"),
  use_mps_device: gone("prefine trains on the CPU"),
  per_gpu_train_batch_size: movedTo("per_device_train_batch_size"),
  per_gpu_eval_batch_size: movedTo("per_device_eval_batch_size"),
  adafactor: movedTo("optim", (value) => (asBool(value) ? "adafactor" : undefined)),
  save_safetensors: refused("weights are always safetensors; remove it", [true]),
  include_tokens_per_second: gone("the progress bar shows tokens/s"),
  include_inputs_for_metrics: gone("set include_for_metrics instead"),
  push_to_hub_token: movedTo("hub_token"),
  push_to_hub_model_id: movedTo("hub_model_id"),
  push_to_hub_organization: missed(UPLOAD),
  fp16_opt_level: gone(HALF),
  fp16_backend: gone(HALF),
  half_precision_backend: gone(HALF),
  use_ipex: gone("prefine does not use PyTorch"),
  jit_mode_eval: gone("prefine always compiles its graphs"),
  torchdynamo: gone("prefine always compiles its graphs"),
  tpu_num_cores: gone(ONE_DEVICE),
  tpu_metrics_debug: gone(ONE_DEVICE),
  xpu_backend: gone(ONE_DEVICE),
  sharded_ddp: gone(ONE_DEVICE),
  fsdp_min_num_params: gone(ONE_DEVICE),
  fsdp_transformer_layer_cls_to_wrap: gone(ONE_DEVICE),
  tp_size: gone(ONE_DEVICE),
  _n_gpu: gone(ONE_DEVICE),
  mp_parameters: gone("is a SageMaker setting"),
  past_index: gone("no supported model keeps a past between rows"),
  ray_scope: gone("is a Ray setting"),
  dispatch_batches: gone(ONE_DEVICE),
  split_batches: refused("is a setting of accelerator_config, which is not built", [], "not-yet"),
  use_legacy_prediction_loop: gone("there is one evaluation loop"),
};

const dpo = {
  rpo_alpha: translatedLater("is loss_type [sigmoid, sft] with loss_weights [1, rpo_alpha] now"),
  gamma_beta_ratio: translatedLater("is simpo_gamma / beta, with loss_type simpo"),
  sft_weight: translatedLater("is the weight of loss_type sft beside simpo"),
  max_completion_length: gone(ANSWERS),
  max_target_length: gone(ANSWERS),
  label_pad_token_id: gone(UNPADDED),
  padding_value: gone(UNPADDED),
  is_encoder_decoder: refused("prefine trains decoder-only models", []),
  generate_during_eval: missed("evaluation generates no answers; run `prefine compare` on the result"),
  model_adapter_name: gone(ADAPTERS),
  ref_adapter_name: gone(ADAPTERS),
  force_use_ref_model: gone("a given ref_model is always used"),
  ref_model_init_kwargs: gone("the reference is loaded like the model"),
  reference_free: refused(
    "a uniform reference is not built; loss_type simpo, orpo or cpo need no reference",
    [],
    "not-yet",
  ),
  base_model_attribute_name: gone("the decoder is derived from the model's config"),
  use_logits_to_keep: gone("logits are computed for answer tokens only"),
  use_num_logits_to_keep: gone("logits are computed for answer tokens only"),
  use_liger_loss: missed("logits are computed for answer tokens only"),
  use_vllm: missed("DPO generates no answers during training"),
  vllm_mode: missed("DPO generates no answers during training"),
  tools: refused("tools of chat templates are per row, in a column `tools`", []),
};

const CLASSES = "a class of the script's own";

/** Keys of alignment-handbook, and of projects built on it. */
const handbook = {
  preprocessing_num_workers: movedTo("dataset_num_proc", undefined, () => "new"),
  hub_model_revision: movedTo("hub_revision", (value) => (value === "main" ? undefined : value)),
  use_flash_attention_2: gone("prefine has one attention implementation"),
  model_code_revision: gone("prefine runs no Python"),
  truncation_side: gone("prompts keep their last tokens (max_prompt_length), as in alignment-handbook"),
  text_column: gone("it is for continued pretraining"),
  max_train_samples: refused("give a share in dataset_mixer, or a range as split: train[:1000]", []),
  max_eval_samples: refused("give a range as split: test[:1000]", []),
  use_fast_tokenizer: gone("there is one implementation of tokenizers"),
  wandb_project: missed(TRACKED),
  wandb_entity: missed(TRACKED),
  wandb_run_group: missed(TRACKED),
  push_to_hub_revision: missed(UPLOAD),
  overwrite_hub_revision: missed(UPLOAD),
  callbacks: refused(CLASSES, []),
  benchmarks: refused(CLASSES, []),
};

const script = {
  ...handbook,
  ...AUTHORS_NAMES,
  torch_dtype: movedTo("dtype"),
  nproc_per_node: movedTo("num_processes"),
  dataset: movedTo("dataset_name"),
  dataset_test_name: movedTo("dataset_test_split"),
  config: refused("a run file names no other; give this one as --config", []),
  sanity_check: refused("use max_steps for a short run", []),
  gradient_checkpointing_use_reentrant: gone("there is one implementation"),
  load_in_fp16: gone(HALF),
};

/** Old names of DPOConfig and TrainingArguments. */
export const RENAMED_DPO_NAMES = { ...training, ...dpo } satisfies RenamedTable;

/** Old names that a run file may hold: those of DPOConfig, and of the script's own arguments. */
export const RENAMED_RUN_NAMES = { ...RENAMED_DPO_NAMES, ...script } satisfies RenamedTable;
