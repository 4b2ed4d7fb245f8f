"""TRL's own DPO step and transformers' generate on the benchmark's rows; prints one JSON object.

    python bench/trl_dpo.py --model DIR [--rows ../shared/data/bench-rows.json] [--data ../shared/data/preferences-300]
                            [--steps N] [--variants default best] [--new-tokens 100] [--targets c_attn,c_proj]

DIR holds a model (config.json, model.safetensors, tokenizer files); without --model, random weights of GPT-2's size.
Float32, CPU, LoRA r=4 alpha=8 on c_attn and c_proj (--targets: others), no dropout, batch 1, max_length 512. `default` is TRL's default
(gradient checkpointing, the reference pass in each step), `best` its fastest: no gradient checkpointing, reference
log-probs precomputed before the first step. Each variant runs in its own process, because the peak resident
set is per process. Needs trl and peft; more than ten minutes for all 24 rows on two cores.
"""
import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.path.normpath(os.path.join(HERE, "..", "..", "shared"))
VARIANTS = {
    "default": dict(gradient_checkpointing=True, precompute_ref_log_probs=False),
    "best": dict(gradient_checkpointing=False, precompute_ref_log_probs=True),
}
PROMPT = "Is a higher octane gasoline better for your car?"


def load_model(folder):
    import torch
    from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel

    if folder:
        return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    torch.manual_seed(0)
    return GPT2LMHeadModel(GPT2Config.from_pretrained(os.path.join(SHARED, "gpt2-tokenizer")))


def load_tokenizer(folder):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder or os.path.join(SHARED, "gpt2-tokenizer"))
    tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_rows(data, rows):
    from datasets import load_dataset

    def process(row):
        texts = {name: row[name][-1]["content"] for name in ("chosen", "rejected")}
        return {"prompt": row["prompt"], **texts}

    files = os.path.join(data, "data", "train_prefs-*.parquet")
    dataset = load_dataset("parquet", data_files=files, split="train", cache_dir=tempfile.mkdtemp())
    with open(rows) as file:
        chosen = json.load(file)["rows"]
    return dataset.map(process, remove_columns=dataset.column_names).select(chosen)


def dpo_config(output, steps, variant, **own):
    """The common settings of all measured trainings, equal to prefine's."""
    from trl import DPOConfig

    return DPOConfig(
        output_dir=output, max_steps=steps, per_device_train_batch_size=1, beta=0.1, bf16=False, logging_steps=1,
        save_strategy="no", eval_strategy="no", report_to="none", train_sampling_strategy="sequential", use_cpu=True,
        disable_tqdm=True, **VARIANTS[variant], **own,
    )


def step_timer():
    from transformers import TrainerCallback

    class StepTimer(TrainerCallback):
        def __init__(self):
            self.seconds = []

        def on_step_begin(self, args, state, control, **kwargs):
            self.started = time.perf_counter()

        def on_step_end(self, args, state, control, **kwargs):
            self.seconds.append(time.perf_counter() - self.started)

    return StepTimer()


def measure_training(options, variant):
    from peft import LoraConfig
    from trl import DPOTrainer

    timer = step_timer()
    with tempfile.TemporaryDirectory() as output:
        args = dpo_config(output, options.steps, variant, max_length=512, learning_rate=1e-4)
        peft_config = LoraConfig(
            r=4, lora_alpha=8, lora_dropout=0.0, bias="none", target_modules=options.targets.split(","),
            task_type="CAUSAL_LM", fan_in_fan_out="c_attn" in options.targets,
        )
        before = time.perf_counter()
        trainer = DPOTrainer(
            model=load_model(options.model), args=args, train_dataset=load_rows(options.data, options.rows),
            processing_class=load_tokenizer(options.model), peft_config=peft_config, callbacks=[timer],
        )
        trainer.train()
        total = time.perf_counter() - before
    steady = timer.seconds[2:]
    return {
        "seconds_per_step": sum(steady) / len(steady) if steady else None,
        "first_steps": timer.seconds[:2],
        "steps": len(timer.seconds),
        "total_seconds": total,
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def measure_generation(options):
    import torch

    tokenizer = load_tokenizer(options.model)
    model = load_model(options.model).eval()
    inputs = tokenizer(PROMPT, return_tensors="pt")

    def generate(count):
        before = time.perf_counter()
        with torch.no_grad():
            length = dict(max_new_tokens=count, min_new_tokens=count)
            ids = model.generate(**inputs, do_sample=False, pad_token_id=tokenizer.eos_token_id, **length)
        assert ids.shape[1] == inputs["input_ids"].shape[1] + count
        return time.perf_counter() - before

    generate(4)  # warm
    return {"tokens_per_second": options.new_tokens / generate(options.new_tokens)}


def run_apart(script, part, arguments):
    """Runs this script in a new process that measures one part and prints its object as the last line."""
    command = [sys.executable, os.path.abspath(script), "--part", part, *map(str, arguments)]
    environment = dict(os.environ, HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    if result.returncode != 0:
        raise SystemExit(f"{os.path.basename(script)}: {part} failed\n{result.stderr[-2000:]}")
    return json.loads(result.stdout.strip().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="folder of a GPT-2; default: random weights of its size")
    parser.add_argument("--data", default=os.path.join(SHARED, "data", "preferences-300"))
    parser.add_argument("--rows", default=os.path.join(SHARED, "data", "bench-rows.json"))
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--variants", nargs="*", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--new-tokens", type=int, default=100)
    parser.add_argument("--targets", default="c_attn,c_proj", help="the adapter's modules")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    options = parser.parse_args()
    for name in ("trl", "peft", "datasets"):
        if importlib.util.find_spec(name) is None:
            raise SystemExit(f"trl_dpo.py: the Python package {name} is missing")
    if options.part:
        part = measure_generation(options) if options.part == "generate" else measure_training(options, options.part)
        print(json.dumps(part))
        return
    from importlib.metadata import version

    arguments = ["--data", options.data, "--rows", options.rows, "--steps", options.steps]
    arguments += ["--targets", options.targets, "--new-tokens", options.new_tokens] + (["--model", options.model] if options.model else [])
    result = {name: run_apart(__file__, name, arguments) for name in options.variants}
    result["generate_tokens_per_second"] = run_apart(__file__, "generate", arguments)["tokens_per_second"]
    result["versions"] = {name: version(name) for name in ("trl", "transformers", "peft", "torch")}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
