/** @file The names that TRL (up to 1.16) and transformers (up to 5.23) have renamed or removed. */
import { float } from "../kinds.ts";
import { gone, movedTo, type RenamedTable, refused, spreadInto } from "../renamed.ts";

const asBool = (value: unknown) => /^(true|yes|1|on)$/i.test(String(value));
const UNPADDED = "prefine pads nothing";
const ANSWERS = "answers are not cut on their own: max_length cuts prompt and answer";
const ADAPTERS =
  "adapters have no names here: start from one with adapter_name_or_path, whose frozen copy is the reference";
const HALF = "prefine computes in float32";
const ONE_DEVICE = "there is one device";

const training = {
  evaluation_strategy: movedTo("eval_strategy"),
  warmup_ratio: movedTo("warmup_steps", (value) => (Number(value) === 0 ? undefined : value)),
  group_by_length: movedTo("train_sampling_strategy", (value) => (asBool(value) ? "group_by_length" : undefined)),
  no_cuda: movedTo("use_cpu"),
  use_mps_device: gone("prefine trains on the CPU"),
  per_gpu_train_batch_size: movedTo("per_device_train_batch_size"),
  per_gpu_eval_batch_size: movedTo("per_device_eval_batch_size"),
  adafactor: movedTo("optim", (value) => (asBool(value) ? "adafactor" : undefined)),
  save_safetensors: refused("weights are always safetensors; remove it", [true]),
  include_tokens_per_second: gone("the progress bar shows tokens/s"),
  include_inputs_for_metrics: gone("there is no compute_metrics yet"),
  push_to_hub_token: movedTo("hub_token"),
  push_to_hub_model_id: movedTo("hub_model_id"),
  push_to_hub_organization: gone("nothing is uploaded"),
  fp16_opt_level: gone(HALF),
  fp16_backend: gone(HALF),
  half_precision_backend: gone(HALF),
  use_ipex: gone("there is no PyTorch here"),
  jit_mode_eval: gone("the graph is always compiled"),
  torchdynamo: gone("the graph is always compiled"),
  tpu_num_cores: gone(ONE_DEVICE),
  tpu_metrics_debug: gone(ONE_DEVICE),
  xpu_backend: gone(ONE_DEVICE),
  sharded_ddp: refused("is fsdp now, which is not built", [""], "not-yet"),
  fsdp_min_num_params: gone("is a setting of fsdp, which is not built"),
  fsdp_transformer_layer_cls_to_wrap: gone("is a setting of fsdp, which is not built"),
  mp_parameters: gone("SageMaker's"),
  past_index: gone("no model here keeps a past between rows"),
  ray_scope: gone("Ray's"),
  dispatch_batches: gone(ONE_DEVICE),
  split_batches: refused("is a setting of accelerator_config, which is not built", [], "not-yet"),
  use_legacy_prediction_loop: gone("there is one evaluation loop"),
};

const dpo = {
  rpo_alpha: spreadInto("is loss_type [sigmoid, sft] with loss_weights [1, rpo_alpha] now", (value, given) => {
    const weight = float.read(value);
    if (weight === undefined || given.has("loss_weights")) return undefined;
    const losses = [given.get("loss_type")?.value ?? "sigmoid"].flat();
    return { loss_type: [...losses, "sft"], loss_weights: [...losses.map(() => 1), weight] };
  }),
  max_completion_length: gone(ANSWERS),
  max_target_length: gone(ANSWERS),
  label_pad_token_id: gone(UNPADDED),
  padding_value: gone(UNPADDED),
  is_encoder_decoder: refused("GPT-2 and its like have no encoder", []),
  generate_during_eval: gone("no answers are generated while evaluating; run `prefine compare` on the result"),
  model_adapter_name: refused(ADAPTERS, []),
  ref_adapter_name: refused(ADAPTERS, []),
  force_use_ref_model: gone("a ref_model that is given is always used"),
  ref_model_init_kwargs: gone("the reference is loaded as the model is"),
  reference_free: refused("a reference that finds all answers equally likely is not built", [], "not-yet"),
  base_model_attribute_name: gone("the decoder is found from the model's config"),
  use_logits_to_keep: gone("logits are computed for answer tokens only"),
  use_num_logits_to_keep: gone("logits are computed for answer tokens only"),
  use_liger_loss: gone("logits are computed for answer tokens only"),
  tools: refused("tools of chat templates come with each row, in a column `tools`", []),
};

const script = {
  torch_dtype: movedTo("dtype"),
  dataset: movedTo("dataset_name"),
  dataset_test_name: movedTo("dataset_test_split"),
  sanity_check: refused("a run on few rows: use max_steps", []),
  gradient_checkpointing_use_reentrant: gone("there is one way to compute layers again"),
  load_in_fp16: gone(HALF),
};

/** Old names of DPOConfig and TrainingArguments. */
export const RENAMED_DPO_NAMES = { ...training, ...dpo } satisfies RenamedTable;

/** Old names that a run file may hold: those of DPOConfig, and of the script's own arguments. */
export const RENAMED_RUN_NAMES = { ...RENAMED_DPO_NAMES, ...script } satisfies RenamedTable;
