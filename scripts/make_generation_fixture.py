"""Writes test/fixtures/generation.json: outputs of transformers and PEFT for cases missing in the shared reference.

    python scripts/make_generation_fixture.py ../shared/reference
    npx biome format --stdin-file-path=generation.json < test/fixtures/generation.json > formatted.json
    mv formatted.json test/fixtures/generation.json

Stop strings, several end-of-sequence ids, minimum lengths, batches with left padding, beam search, and adapters;
no sampling, float32, tiny-gpt2. Needs transformers and peft (made with 5.23.0 and 0.21.2).
"""
import json
import os
import sys
from importlib.metadata import version

from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

PROMPTS = ["Is a higher octane gasoline better for your car?", "Tell me about", "Write a short list:\n1."]
OPTIONS = [
    {"max_new_tokens": 30, "stop_strings": ["le;"]},
    {"max_new_tokens": 30, "stop_strings": "00ile"},
    {"max_new_tokens": 30, "stop_strings": ["n about", ";;", "never"]},
    {"max_new_tokens": 30, "eos_token_id": [621, 27]},
    {"max_new_tokens": 30, "eos_token_id": [621, 27], "min_new_tokens": 7},
    {"max_new_tokens": 30, "repetition_penalty": 1.7, "no_repeat_ngram_size": 3},
    {"max_new_tokens": 30, "repetition_penalty": 0.8},
    {},
]
ALONE = [{"max_length": 33}, {"max_new_tokens": 20, "eos_token_id": 27, "min_length": 30}]
ENDS = [27, 621, 567, 173]  # likely tokens here, so that answers have several lengths
BEAMS = [
    {"num_beams": 2, "max_new_tokens": 30, "num_return_sequences": 2},
    {"num_beams": 4, "max_new_tokens": 30, "eos_token_id": ENDS, "num_return_sequences": 4},
    {"num_beams": 4, "max_new_tokens": 30, "eos_token_id": ENDS, "early_stopping": True, "num_return_sequences": 3},
    {"num_beams": 4, "max_new_tokens": 30, "eos_token_id": ENDS, "early_stopping": "never", "num_return_sequences": 3},
    {"num_beams": 3, "max_new_tokens": 30, "eos_token_id": 27, "length_penalty": 2.0, "num_return_sequences": 3},
    {"num_beams": 3, "max_new_tokens": 30, "eos_token_id": 27, "length_penalty": -1.0, "early_stopping": "never"},
    {"num_beams": 3, "max_new_tokens": 30, "eos_token_id": 27, "length_penalty": 0.0, "early_stopping": True},
    {"num_beams": 5, "max_new_tokens": 25, "repetition_penalty": 1.3, "no_repeat_ngram_size": 2},
    {"num_beams": 3, "max_new_tokens": 25, "eos_token_id": ENDS, "min_new_tokens": 9, "num_return_sequences": 2},
    {"num_beams": 3, "max_new_tokens": 25, "stop_strings": ["00", ";;"], "num_return_sequences": 3},
    {"num_beams": 4, "max_new_tokens": 25, "repetition_penalty": 1.2, "renormalize_logits": True},
    {"num_beams": 9, "max_new_tokens": 1, "num_return_sequences": 9},
]
BEAMS_ALONE = [{"num_beams": 4, "max_length": 33, "eos_token_id": 27, "length_penalty": 3.0, "early_stopping": "never"}]
ADAPTERS = ["note/initial_adapter", "note/final_adapter", "trained-adapter/final_adapter"]


def main():
    reference = sys.argv[1]
    folder = os.path.join(reference, "models", "tiny-gpt2")
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    tokenizer.pad_token = tokenizer.eos_token

    def load():
        return AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()

    def generate(model, prompts, options):
        inputs = tokenizer(prompts, return_tensors="pt", padding=True)
        ids = model.generate(**inputs, do_sample=False, pad_token_id=0, tokenizer=tokenizer, **options)
        return {"prompts": prompts, "options": options, "output_ids": ids.tolist()}

    def search(model, prompts, options):
        inputs = tokenizer(prompts, return_tensors="pt", padding=True)
        wanted = {"do_sample": False, "pad_token_id": 0, "return_dict_in_generate": True, "output_scores": True}
        found = model.generate(**inputs, **wanted, tokenizer=tokenizer, **options)
        ids, scores = found.sequences.tolist(), found.sequences_scores.tolist()
        return {"prompts": prompts, "options": options, "output_ids": ids, "scores": scores}

    model = load()
    cases = [generate(model, PROMPTS, options) for options in OPTIONS]
    cases += [generate(model, [prompt], options) for prompt in PROMPTS for options in OPTIONS + ALONE]
    beams = [search(model, PROMPTS, options) for options in BEAMS]
    beams += [search(model, [prompt], options) for prompt in PROMPTS for options in BEAMS_ALONE]
    adapters = []
    for name in ADAPTERS:
        tuned = PeftModel.from_pretrained(load(), os.path.join(reference, "trajectories", name)).eval()
        adapters.append({"adapter": name, **generate(tuned, PROMPTS, {"max_new_tokens": 40})})
    versions = {name: version(name) for name in ("transformers", "peft", "torch")}
    about = {"maker": "scripts/make_generation_fixture.py", "versions": versions}
    fixture = {**about, "cases": cases, "beams": beams, "adapters": adapters}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "test", "fixtures", "generation.json")
    with open(path, "w") as file:
        file.write(json.dumps(fixture) + "\n")


if __name__ == "__main__":
    main()
