"""Writes test/fixtures/tokenizer-names.json: the tokenizer class that transformers' AutoTokenizer takes for each model
type whose files name no class (`models`), and for each name of a class that they may hold (`names`; null: none).

    python scripts/make_tokenizer_names_fixture.py

Needs transformers and tokenizers.
"""

import glob
import json
import os
import re

import transformers
from transformers.models.auto.configuration_auto import CONFIG_MAPPING, CONFIG_MAPPING_NAMES
from transformers.models.auto.tokenization_auto import (
    TOKENIZER_MAPPING,
    TOKENIZER_MAPPING_NAMES,
    tokenizer_class_from_name,
)

FIXTURE = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "tokenizer-names.json")


def class_of(name):
    try:
        found = tokenizer_class_from_name(name)
    except AttributeError:  # a name of a module without the class
        return None
    return None if found is None else found.__name__


def names_in_sources():
    """Every word of transformers' sources that ends in Tokenizer or TokenizerFast, and each without and with Fast."""
    root = os.path.dirname(transformers.__file__)
    found = set()
    for pattern in ("*.py", "models/*/*.py"):
        for path in glob.glob(os.path.join(root, pattern)):
            with open(path, encoding="utf-8") as f:
                found.update(re.findall(r"\b[A-Z]\w*Tokenizer\b", f.read()))
    return found | {f"{name}Fast" for name in found}



def class_of_model(kind):
    if kind not in CONFIG_MAPPING_NAMES:
        return "TokenizersBackend"
    config = CONFIG_MAPPING[kind]
    return TOKENIZER_MAPPING[config].__name__ if config in TOKENIZER_MAPPING else "TokenizersBackend"


models = {kind: class_of_model(kind) for kind, name in TOKENIZER_MAPPING_NAMES.items() if name is not None}
names = {name: class_of(name) for name in sorted(names_in_sources())}
made_by = dict(made_by="scripts/make_tokenizer_names_fixture.py", versions=dict(transformers=transformers.__version__))
with open(FIXTURE, "w", encoding="utf-8") as f:
    json.dump(dict(**made_by, models=models, names=names), f, indent=0)
    f.write("\n")
