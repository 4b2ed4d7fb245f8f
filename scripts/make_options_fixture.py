"""Writes test/fixtures/trl-options.json: the names, types, defaults and choices of every option that prefine knows.

    python scripts/make_options_fixture.py test/fixtures/trl-options.json

Needs trl, transformers and peft; their versions are written into the file.
"""
import dataclasses
import enum
import json
import sys
import typing

import peft
import transformers
import trl
from trl import DatasetMixtureConfig, DPOConfig, ModelConfig, ScriptArguments


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
    """The plain Python types in a type hint, unions and lists opened: ["list[str]", "str", "None"]."""
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
        "GenerationConfig": names,
        "generation_defaults": transformers.GenerationConfig._get_default_generation_params(),
    }
    with open(path, "w") as file:
        json.dump(fixture, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
