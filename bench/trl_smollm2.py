"""TRL's DPO step on SmolLM2 and the first rows of preferences-300; prints one JSON object.

    python bench/trl_smollm2.py --model DIR --data DIR [--steps 24] [--variants default best]

The settings are those of smolSettings.ts; variants, timing and memory those of trl_dpo.py.
"""
import argparse
import json
import os
import resource
import tempfile

from trl_dpo import VARIANTS, dpo_config, run_apart, step_timer


def load_rows(data, count):
    from datasets import load_dataset

    files = os.path.join(data, "data", "train_prefs-*.parquet")
    dataset = load_dataset("parquet", data_files=files, split="train", cache_dir=tempfile.mkdtemp())
    return dataset.select_columns(["chosen", "rejected"]).select(range(count))


def measure(options, variant):
    import torch
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import DPOTrainer

    timer = step_timer()
    with tempfile.TemporaryDirectory() as output:
        args = dpo_config(output, options.steps, variant, max_length=2048, learning_rate=1e-4)
        peft_config = LoraConfig(
            r=8, lora_alpha=16, lora_dropout=0.0, target_modules=["q_proj", "k_proj", "v_proj", "o_proj"],
            task_type="CAUSAL_LM",
        )
        trainer = DPOTrainer(
            model=AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32), args=args,
            train_dataset=load_rows(options.data, options.steps),
            processing_class=AutoTokenizer.from_pretrained(options.model), peft_config=peft_config, callbacks=[timer],
        )
        trainer.train()
    steady = timer.seconds[2:]
    return {
        "seconds_per_step": sum(steady) / len(steady),
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "losses": [entry["loss"] for entry in trainer.state.log_history if "loss" in entry],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--variants", nargs="*", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--part", choices=list(VARIANTS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        print(json.dumps(measure(options, options.part)))
        return
    arguments = ["--model", options.model, "--data", options.data, "--steps", options.steps]
    print(json.dumps({variant: run_apart(__file__, variant, arguments) for variant in options.variants}))


if __name__ == "__main__":
    main()
