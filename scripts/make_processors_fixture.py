"""Writes test/fixtures/processors.json: scores after the logits processors that transformers makes of generation
configs, for each key that has one, alone and with others.

    python scripts/make_processors_fixture.py

Needs transformers and torch (their versions are written into the file).
"""

import json
import math
import os
import random
import warnings

import torch
import transformers
from transformers import GenerationConfig, GPT2Config, GPT2LMHeadModel

TARGET = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "processors.json")
VOCABULARY = 30
VALUES = {
    "temperature": [0.1, 0.7, 1.5],
    "top_k": [0, 1, 5, 100],
    "top_p": [0.1, 0.5, 0.9, 1.5],
    "min_p": [0.01, 0.1, 0.5],
    "top_h": [0.1, 0.4, 1.0],
    "typical_p": [0.1, 0.5, 0.9],
    "epsilon_cutoff": [0.01, 0.1, -1.0, 1.5],
    "eta_cutoff": [0.01, 0.3, 0.9, 1.0],
    "sequence_bias": [[[[3], 5.0], [[5, 6], -2.0]], [[[1, 2], 4.0], [[2], -3.0], [[1, 2], 1.5]]],
    "encoder_repetition_penalty": [1.3, 0.5],
    "repetition_penalty": [1.7, 0.6],
    "no_repeat_ngram_size": [1, 2, 3],
    "encoder_no_repeat_ngram_size": [1, 2, 3],
    "bad_words_ids": [[[3]], [[7], [9]], [[1, 2], [5, 6, 1], [4]]],
    "min_length": [3, 12],
    "min_new_tokens": [0, 1, 5],
    "forced_bos_token_id": [5],
    "forced_eos_token_id": [7, [7, 8]],
    "exponential_decay_length_penalty": [[0, 1.1], [1, 1.5], [5, 1.01]],
    "suppress_tokens": [[1, 2, 3], []],
    "begin_suppress_tokens": [[1, 2, 3]],
    "renormalize_logits": [True],
    "max_new_tokens": [1, 4, 10],
    "num_beams": [2],
    "eos_token_id": [7, [7, 8], [0, 7, 9]],
}


def processed(model, config, prompt, ids, logits):
    model.generation_config = GenerationConfig.from_dict(dict(config))
    defaults = [model.generation_config.max_length is None, model.generation_config.min_length is None]
    config, _ = model._prepare_generation_config(None)
    model._prepare_special_tokens(config, True, device="cpu", batch_size=1)
    tokens = torch.tensor([ids[:prompt]])
    config = model._prepare_generated_length(config, *defaults, "input_ids", prompt, tokens)
    chain = model._get_logits_processor(config, input_ids_seq_length=prompt, encoder_input_ids=tokens, device="cpu", model_kwargs={})
    scores = torch.tensor([logits])
    if config.num_beams > 1:
        scores = torch.log_softmax(scores, -1)
    return [None if math.isinf(one) else float(f"{one:.6g}") for one in chain(torch.tensor([ids]), scores)[0].tolist()]


def cases(rng):
    for key, values in VALUES.items():
        for value in values:
            yield {"do_sample": True, "top_k": 0, "eos_token_id": 7, key: value}
    for _ in range(90):
        keys = rng.sample(sorted(VALUES), rng.randint(2, 6))
        yield {"do_sample": rng.random() < 0.7, "eos_token_id": 7, **{key: rng.choice(VALUES[key]) for key in keys}}


def main():
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    rng = random.Random(0)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=VOCABULARY, n_embd=4, n_layer=1, n_head=1, n_positions=64))
    rows = [[round(rng.gauss(0, width), 2) for _ in range(VOCABULARY)] for width in (0.5, 1, 2, 2, 4)]
    found = []
    for config in cases(rng):
        prompt = rng.choice([1, 2, 6])
        ids = [rng.randrange(10) for _ in range(prompt + rng.choice([0, 1, 3, 9]))]
        row = rng.randrange(len(rows))
        found.append(dict(config=config, prompt=prompt, ids=ids, row=row, scores=processed(model, config, prompt, ids, rows[row])))
    versions = dict(transformers=transformers.__version__, torch=torch.__version__)
    with open(TARGET, "w") as file:
        json.dump(dict(made_by="scripts/make_processors_fixture.py", versions=versions, rows=rows, cases=found), file, separators=(",", ":"))
        file.write("\n")


main()
