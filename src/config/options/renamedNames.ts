/** @file The names that TRL (up to 1.16) and transformers (up to 5.23) have renamed or removed. */
import { float } from "../kinds.ts";
import { gone, missed, movedTo, type RenamedTable, refused, spreadInto } from "../renamed.ts";

const asBool = (value: unknown) => /^(true|yes|1|on)$/i.test(String(value));
const UNPADDED = "prefine never pads";
const ANSWERS = "answers are not truncated separately; max_length truncates prompt and answer";
const ADAPTERS =
  "adapters have no names in prefine; adapter_name_or_path starts from one, and its frozen copy is the reference";
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
  include_inputs_for_metrics: gone("set include_for_metrics instead"),
  push_to_hub_token: movedTo("hub_token"),
  push_to_hub_model_id: movedTo("hub_model_id"),
  push_to_hub_organization: missed("prefine uploads nothing; upload the finished output_dir yourself"),
  fp16_opt_level: gone(HALF),
  fp16_backend: gone(HALF),
  half_precision_backend: gone(HALF),
  use_ipex: gone("prefine does not use PyTorch"),
  jit_mode_eval: gone("prefine always compiles its graphs"),
  torchdynamo: gone("prefine always compiles its graphs"),
  tpu_num_cores: gone(ONE_DEVICE),
  tpu_metrics_debug: gone(ONE_DEVICE),
  xpu_backend: gone(ONE_DEVICE),
  sharded_ddp: refused("is fsdp now, which is not built", [""], "not-yet"),
  fsdp_min_num_params: gone("is an fsdp setting, which is not built"),
  fsdp_transformer_layer_cls_to_wrap: gone("is an fsdp setting, which is not built"),
  mp_parameters: gone("is a SageMaker setting"),
  past_index: gone("no supported model keeps a past between rows"),
  ray_scope: gone("is a Ray setting"),
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
  is_encoder_decoder: refused("prefine trains decoder-only models", []),
  generate_during_eval: missed("evaluation generates no answers; run `prefine compare` on the result"),
  model_adapter_name: refused(ADAPTERS, []),
  ref_adapter_name: refused(ADAPTERS, []),
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

const script = {
  torch_dtype: movedTo("dtype"),
  dataset: movedTo("dataset_name"),
  dataset_test_name: movedTo("dataset_test_split"),
  sanity_check: refused("use max_steps for a short run", []),
  gradient_checkpointing_use_reentrant: gone("there is one implementation"),
  load_in_fp16: gone(HALF),
};

/** Old names of DPOConfig and TrainingArguments. */
export const RENAMED_DPO_NAMES = { ...training, ...dpo } satisfies RenamedTable;

/** Old names that a run file may hold: those of DPOConfig, and of the script's own arguments. */
export const RENAMED_RUN_NAMES = { ...RENAMED_DPO_NAMES, ...script } satisfies RenamedTable;
