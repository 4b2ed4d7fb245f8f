/** @file Processes, data loaders, debugging: that part of transformers.TrainingArguments (5.23). */
import { bool, either, int, json, listOf, nullable, oneOf, path, string } from "../kinds.ts";
import { group, noEffect, notYet, same } from "../option.ts";

const ONE_PROCESS = "prefine trains in one process";
const NO_LOADER = "pairs are prepared once, before training";
const SCRIPTS_ONLY = "TRL's script takes no notice of it either";

const loader = group("Data loader", {
  remove_unused_columns: same(bool, true, "Drop columns that training does not need; they never matter here.", {
    onResume: "free",
  }),
  dataloader_drop_last: same(bool, false, "Drop the last, smaller batch of an epoch, and of an evaluation.", {
    onResume: "fixed",
  }),
  dataloader_num_workers: noEffect(int, 0, "Processes that load data.", NO_LOADER),
  dataloader_pin_memory: noEffect(bool, true, "Pin memory for the GPU.", NO_LOADER),
  dataloader_persistent_workers: noEffect(bool, false, "Keep these processes.", NO_LOADER),
  dataloader_prefetch_factor: noEffect(nullable(int), null, "Batches ahead.", NO_LOADER),
  dataloader_multiprocessing_context: noEffect(
    nullable(oneOf("fork", "spawn", "forkserver")),
    null,
    "How these processes start.",
    NO_LOADER,
  ),
  dataloader_in_order: noEffect(bool, true, "Keep the order of batches.", NO_LOADER),
});

const distributed = group("Several devices", {
  deepspeed: notYet(nullable(either(json, path)), null, "DeepSpeed."),
  fsdp: notYet(nullable(either(bool, string)), null, "Fully sharded data parallel.", { ready: [false] }),
  fsdp_config: notYet(nullable(either(json, path)), null, "Its settings."),
  parallelism_config: notYet(nullable(json), null, "Tensor, context and data parallelism."),
  local_rank: noEffect(int, -1, "Rank of this process.", ONE_PROCESS),
  ddp_find_unused_parameters: noEffect(nullable(bool), null, "Setting of DDP.", ONE_PROCESS),
  ddp_bucket_cap_mb: noEffect(nullable(int), null, "Setting of DDP.", ONE_PROCESS),
  ddp_broadcast_buffers: noEffect(nullable(bool), null, "Setting of DDP.", ONE_PROCESS),
  ddp_static_graph: noEffect(nullable(bool), null, "Setting of DDP.", ONE_PROCESS),
  ddp_backend: noEffect(
    nullable(oneOf("nccl", "gloo", "mpi", "xccl", "hccl", "cncl", "mccl")),
    null,
    "Setting of DDP.",
    ONE_PROCESS,
  ),
  ddp_timeout: noEffect(int, 1800, "Setting of DDP, seconds.", ONE_PROCESS),
});

const rest = group("Scripts and debugging", {
  do_train: noEffect(bool, false, "For scripts.", SCRIPTS_ONLY),
  do_eval: noEffect(bool, false, "For scripts.", SCRIPTS_ONLY),
  do_predict: noEffect(bool, false, "For scripts.", SCRIPTS_ONLY),
  debug: noEffect(listOf(string), [""], "Debugging of PyTorch.", "these are PyTorch's tools"),
  skip_memory_metrics: noEffect(bool, true, "No memory in the metrics.", "memory is not logged"),
});

export const SYSTEM_OPTIONS = { ...loader, ...distributed, ...rest };
