/** @file Processes, data loaders, debugging: that part of transformers.TrainingArguments (5.23). */
import { above, bool, either, int, json, type Kind, listOf, nullable, oneOf, path, string } from "../kinds.ts";
import { group, noEffect, notYet, same } from "../option.ts";

const WHOLE = "every process holds the whole model; mpirun starts several of them (docs/cluster.md)";
const MPI = "MPI connects the processes of mpirun (docs/cluster.md)";
const UNREAD = "every process holds the whole model; optimizer and schedule come from this file alone";
const NO_LOADER = "pairs are prepared once, before training";
const SCRIPTS_ONLY = "TRL's script ignores it too";

const loader = group("Data loader", {
  remove_unused_columns: same(bool, true, "Drop columns that training does not use; prefine ignores them anyway.", {
    onResume: "free",
  }),
  dataloader_drop_last: same(bool, false, "Drop the last incomplete batch of each epoch and evaluation.", {
    onResume: "fixed",
  }),
  dataloader_num_workers: noEffect(int, 0, "Number of data loader processes.", NO_LOADER),
  dataloader_pin_memory: noEffect(bool, true, "Pin memory for the GPU.", NO_LOADER),
  dataloader_persistent_workers: noEffect(bool, false, "Keep data loader processes between epochs.", NO_LOADER),
  dataloader_prefetch_factor: noEffect(nullable(int), null, "Batches prefetched per data loader process.", NO_LOADER),
  dataloader_multiprocessing_context: noEffect(
    nullable(oneOf("fork", "spawn", "forkserver")),
    null,
    "Start method of data loader processes.",
    NO_LOADER,
  ),
  dataloader_in_order: noEffect(bool, true, "Return batches in order.", NO_LOADER),
});

/** False and the empty text are none. */
const sharding: Kind<boolean | string | null> = {
  ...nullable(either(bool, string)),
  read: (value) => (value === false || value === "" ? null : nullable(either(bool, string)).read(value)),
};

const distributed = group("Several devices", {
  deepspeed: noEffect(nullable(either(json, path)), null, "DeepSpeed config.", UNREAD, { loud: true }),
  fsdp: noEffect(sharding, null, "Fully sharded data parallelism.", WHOLE, { loud: true }),
  fsdp_config: noEffect(nullable(either(json, path)), null, "FSDP settings.", WHOLE, { loud: true }),
  parallelism_config: notYet(nullable(json), null, "Tensor, context and data parallelism."),
  local_rank: noEffect(int, -1, "Rank of this process.", "mpirun or srun says it"),
  ddp_find_unused_parameters: noEffect(
    nullable(bool),
    null,
    "Find unused parameters in DDP.",
    "all gradients are summed at once",
    {
      loud: true,
    },
  ),
  ddp_bucket_cap_mb: noEffect(
    nullable(int),
    null,
    "Bucket size of DDP, MB.",
    "gradients are summed in pieces of 4 MB",
    { loud: true },
  ),
  ddp_broadcast_buffers: noEffect(
    nullable(bool),
    null,
    "Broadcast buffers in DDP.",
    "the models have no buffers that training changes",
  ),
  ddp_static_graph: noEffect(nullable(bool), null, "Assume a static graph in DDP.", "every graph is static"),
  ddp_backend: noEffect(
    nullable(oneOf("nccl", "gloo", "mpi", "xccl", "hccl", "cncl", "mccl")),
    null,
    "Communication backend of DDP.",
    MPI,
    { loud: true },
  ),
  ddp_timeout: same(above(0, int), 1800, "Seconds that a process waits for the others before the job ends.", {
    onResume: "free",
  }),
});

const rest = group("Scripts and debugging", {
  do_train: noEffect(bool, false, "Run training (for scripts).", SCRIPTS_ONLY),
  do_eval: noEffect(bool, false, "Run evaluation (for scripts).", "eval_strategy decides, as in TRL's script"),
  do_predict: noEffect(bool, false, "Run prediction (for scripts).", SCRIPTS_ONLY),
  debug: noEffect(listOf(string), [""], "PyTorch debugging tools.", "these tools are PyTorch's"),
  skip_memory_metrics: noEffect(bool, true, "Leave memory usage out of the metrics.", "memory is not logged"),
});

export const SYSTEM_OPTIONS = { ...loader, ...distributed, ...rest };
