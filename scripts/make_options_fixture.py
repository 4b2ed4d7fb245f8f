"""Writes test/fixtures/trl-options.json: the names, types, defaults and choices of every option of prefine.

    python scripts/make_options_fixture.py test/fixtures/trl-options.json

Needs trl, transformers and peft; their versions are written into the file.
"""
import dataclasses
import enum
import inspect
import json
import sys
import tempfile
import typing

import peft
import transformers
import trl
from accelerate.utils import GradientAccumulationPlugin
from transformers.trainer_pt_utils import AcceleratorConfig
from trl.scripts.utils import DatasetConfig
from trl import DatasetMixtureConfig, DPOConfig, ModelConfig, ScriptArguments, TrlParser


def plain(value):
    """A default as JSON: enums by their value, other objects left out."""
    if isinstance(value, enum.Enum):
        return value.value
    try:
        return json.loads(json.dumps(value))
    except TypeError:
        return {"python": type(value).__name__}


def default_of(field):
    if field.default is not dataclasses.MISSING:
        return plain(field.default)
    return plain(field.default_factory()) if field.default_factory is not dataclasses.MISSING else None


def kinds_of(hint):
    """The plain Python types in a type hint, with unions and lists expanded: ["list[str]", "str", "None"]."""
    if hint is type(None):
        return ["None"]
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return sorted({type(arg).__name__ for arg in args})
    if origin in (list, dict):
        name = origin.__name__
        return [f"{name}[{kinds_of(args[0])[0]}]" if args and origin is list else name]
    if args:
        return [kind for arg in args for kind in kinds_of(arg)]
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return ["enum"]
    return [hint.__name__ if isinstance(hint, type) else str(hint)]


def choices_of(field, hint):
    if field.metadata.get("choices"):
        return list(field.metadata["choices"])
    for arg in (hint, *typing.get_args(hint)):
        if typing.get_origin(arg) is typing.Literal and all(isinstance(c, str) for c in typing.get_args(arg)):
            return list(typing.get_args(arg))
        if isinstance(arg, type) and issubclass(arg, enum.Enum):
            return [member.value for member in arg]
    return None


def fields_of(cls):
    hints = typing.get_type_hints(cls)
    table = {}
    for field in dataclasses.fields(cls):
        hint = hints[field.name]
        table[field.name] = {"kinds": kinds_of(hint), "default": default_of(field), "choices": choices_of(field, hint)}
    return table


FLAGS = [
    (None, ["--use_peft", "--learning_rate", "1e-5", "--lora-r", "4"]),
    (None, ["--use_peft", "false", "--no_remove_unused_columns", "--no-dataloader-pin-memory"]),
    (None, ["--lora_target_modules", "c_attn", "c_proj", "--beta=0.3", "--max_steps", "-1"]),
    (None, ["--logging_first_step", "--disable_dropout", "no", "--gradient_checkpointing", "0", "--seed", "7"]),
    (None, ["--beta", "0.2", "--beta", "0.4", "--loss_type", "sigmoid", "--eval_strategy", "steps", "--eval_steps", "5"]),
    (None, ["--lr_scheduler_kwargs", '{"num_cycles": 2}', "--lr-scheduler-type", "cosine", "--warmup_steps", "0.1"]),
    (None, ["--output_dir=out", "--dataset_name", "x/y", "--dataset-train-split", "train_prefs", "--max_length", "512"]),
    ("learning_rate: 1e-5\nbeta: 0.2\nuse_peft: true\nlora_target_modules: [a, b]\nmax_length: null\n", ["--beta", "0.3"]),
    ("use_peft: yes\ndisable_dropout: off\nnum_train_epochs: 2\nlora_r: 8\nsave_steps: 0.5\n", ["--lora_r", "2"]),
    ("eval_strategy: 'no'\nloss_type: [sigmoid]\nlr_scheduler_kwargs: {num_cycles: 2}\nmax_steps: 10\n", []),
]


def parsed(text, words):
    """Values that TRL's parser reads from a run file and a command line; only the options given."""
    words = [*words, "--bf16", "false"]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text or "")
        file.flush()
        parser = TrlParser((ScriptArguments, DPOConfig, ModelConfig))
        parts = parser.parse_args_and_config([*(["--config", file.name] if text else []), *words])
    given = {word.lstrip("-").split("=")[0].replace("-", "_").removeprefix("no_") for word in words if word.startswith("--")}
    given |= {line.split(":")[0] for line in (text or "").splitlines()}
    values = {key: plain(getattr(part, key)) for part in parts for key in sorted(given) if hasattr(part, key)}
    return {"file": text, "flags": words, "values": values}


def quantization_defaults():
    """Not a dataclass: the parameters of its constructor."""
    parameters = inspect.signature(transformers.BitsAndBytesConfig.__init__).parameters
    return {name: plain(p.default) for name, p in parameters.items() if p.default is not inspect.Parameter.empty}


def main(path):
    generation = transformers.GenerationConfig()
    names = [name for name in vars(generation) if name not in ("_original_object_hash", "_mask_length")]
    fixture = {
        "maker": "scripts/make_options_fixture.py",
        "versions": {"trl": trl.__version__, "transformers": transformers.__version__, "peft": peft.__version__},
        "ScriptArguments": fields_of(ScriptArguments),
        "DatasetMixtureConfig": fields_of(DatasetMixtureConfig),
        "ModelConfig": fields_of(ModelConfig),
        "DPOConfig": fields_of(DPOConfig),
        "LoraConfig": fields_of(peft.LoraConfig),
        "DatasetConfig": fields_of(DatasetConfig),
        "AcceleratorConfig": fields_of(AcceleratorConfig),
        "GradientAccumulationPlugin": fields_of(GradientAccumulationPlugin),
        "BitsAndBytesConfig": quantization_defaults(),
        "GenerationConfig": names,
        "parsed": [parsed(text, words) for text, words in FLAGS],
        "generation_defaults": transformers.GenerationConfig._get_default_generation_params(),
    }
    with open(path, "w") as file:
        json.dump(fixture, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
