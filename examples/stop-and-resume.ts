/** @file Stops training with an AbortSignal and resumes from the saved checkpoint, with the same result. */
import { fileURLToPath } from "node:url";
import { createLogger, DPOTrainer, type Logger, loadDataset, PrefineError } from "prefine";

const { train } = await loadDataset(fileURLToPath(new URL("answers.jsonl", import.meta.url)));
const train_dataset = await train.map(({ question, good, bad }) => ({ prompt: question, chosen: good, rejected: bad }));

function newTrainer(logger: Logger): DPOTrainer {
  return new DPOTrainer({
    model: "gpt2",
    train_dataset,
    peft_config: { target_modules: ["c_attn", "c_proj"] },
    args: {
      output_dir: "resumed",
      max_steps: 12,
      learning_rate: 1e-4,
      per_device_train_batch_size: 2,
      logging_steps: 1,
    },
    logger,
  });
}

// A button, a timeout or ctrl-C would call abort(); here the logger does, after the fifth step.
const controller = new AbortController();
const logger = createLogger();
const first = newTrainer({
  ...logger,
  step: (report) => {
    logger.step(report);
    if (report.step === 5) controller.abort();
  },
});
try {
  await first.train({ signal: controller.signal });
} catch (error) {
  if (!(error instanceof PrefineError && error.code === "interrupted")) throw error;
  console.log(error.message); // stopped after step 5 of 12; saved resumed/checkpoint-5
} finally {
  await first.dispose();
}

const second = newTrainer(logger);
const { global_step } = await second.train({ resume_from_checkpoint: true });
console.log(`done at step ${global_step}; the log has ${second.state.log_history.length} entries`);
await second.dispose();
