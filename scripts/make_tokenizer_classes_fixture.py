"""Writes test/fixtures/tokenizer-classes.json: small tokenizers whose tokenizer.json and tokenizer_config.json disagree
with the class that transformers' AutoTokenizer makes of them, with the class's ids, texts and special tokens.

    python scripts/make_tokenizer_classes_fixture.py

Needs transformers and tokenizers (their versions are written into the file).
"""

import json
import os
import tempfile

import tokenizers
import transformers
from transformers import AutoTokenizer

from random_tokenizers import BYTE_CHARS

FIXTURES = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures")
BYTES = [f"<0x{i:02X}>" for i in range(256)]
TEXTS = ["", " ", "he a 12", "a\n\nhe", "e\u0301 he", "  he's HE\u2019s", "<s>he</s> a", "<eos> he  <pad>", "A漢字 3.14", "he\u00a0a [MASK] he", "<|endoftext|>a", "he <left> a  <right>  a", "\u0928\u093f 2"]
SPECIAL = ["<s>", "</s>", "<unk>", "<bos>", "<eos>", "<pad>", "<|endoftext|>", "[CLS]", "[SEP]", "[UNK]", "[MASK]", "[PAD]"]


def added(vocab, more=()):
    flags = dict(single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    out = [dict(id=vocab[t], content=t, **flags) for t in SPECIAL]
    return out + [dict(id=len(vocab) + i, **{**flags, **t}) for i, t in enumerate(more)]


FLAGGED = [dict(content="<left>", lstrip=True, special=False), dict(content="<right>", rstrip=True, special=False)]


def byte_level(**parts):
    vocab = {t: i for i, t in enumerate([*SPECIAL, *BYTE_CHARS, "he", "Ġhe", "Ġa", "12", "ĊĊ"])}
    merges = ["h e", "Ġ he", "Ġ a", "1 2", "Ċ Ċ"]
    pre = dict(type="Sequence", pretokenizers=[dict(type="Digits", individual_digits=False), dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=False)])
    template = dict(type="TemplateProcessing", single=[{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}], pair=[{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                    special_tokens={"<s>": dict(id="<s>", ids=[0], tokens=["<s>"])})
    model = dict(type="BPE", dropout=None, unk_token="<unk>", continuing_subword_prefix=None, end_of_word_suffix=None, fuse_unk=True, byte_fallback=False, ignore_merges=True, vocab=vocab, merges=merges)
    return {**dict(version="1.0", truncation=None, padding=None, added_tokens=added(vocab, FLAGGED), normalizer=dict(type="Lowercase"), pre_tokenizer=pre, post_processor=template, decoder=dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True), model=model), **parts}


def spaces(**parts):
    letters = list("▁abcdeh123.'AHEs字")
    vocab = {t: i for i, t in enumerate([*SPECIAL, *BYTES, *letters, "he", "▁he", "▁▁", "▁a"])}
    merges = ["h e", "▁ he", "▁ ▁", "▁ a"]
    template = byte_level()["post_processor"]
    model = dict(type="BPE", dropout=None, unk_token="<unk>", continuing_subword_prefix=None, end_of_word_suffix=None, fuse_unk=False, byte_fallback=False, ignore_merges=False, vocab=vocab, merges=merges)
    normalizer = dict(type="Sequence", normalizers=[dict(type="Prepend", prepend="▁"), dict(type="Replace", pattern={"String": " "}, content="▁")])
    return {**dict(version="1.0", truncation=None, padding=None, added_tokens=added(vocab, FLAGGED), normalizer=normalizer, pre_tokenizer=None, post_processor=template, decoder=dict(type="Metaspace", replacement="▁", prepend_scheme="always", split=True), model=model), **parts}


def word_piece():
    vocab = {t: i for i, t in enumerate([*SPECIAL, *"abcdeh123.'AHEs漢字", "he", "##e", "##s", "##2", "##.", "HE"])}
    base = byte_level()
    return {**base, "added_tokens": added(vocab), "pre_tokenizer": dict(type="Whitespace"), "decoder": dict(type="Fuse"), "model": dict(type="WordPiece", unk_token="[UNK]", continuing_subword_prefix="##", max_input_chars_per_word=3, vocab=vocab)}


PUNCTUATED = ["he . a , he ! a ? he 's he 've do n't ' a"]
MODEL_TOKENS = dict(tokenizer_class="PreTrainedTokenizerFast", image_token="<image>", audio_token=dict(__type="AddedToken", content="<left>", lstrip=True, rstrip=False, normalized=False, single_word=False), add_bos_token=True)
FURTHER = dict(additional_special_tokens=["<t2>", dict(__type="AddedToken", content="<t3>", lstrip=True, rstrip=False, normalized=False, single_word=False)])
NEVER_SPECIAL = {"0": dict(content="<s>", special=False), "1": dict(content="</s>", special=True, rstrip=True), "400": dict(content="<left>", special=True)}


def unigram():
    base = spaces()
    vocab = [[t, -i / 7] for i, t in enumerate(base["model"]["vocab"])]
    return {**base, "model": dict(type="Unigram", unk_id=2, byte_fallback=True, vocab=vocab)}


DECODER = {"0": dict(content="<s>", lstrip=True, rstrip=False, normalized=False, single_word=False, special=True), "3": dict(content="<bos>", lstrip=False, rstrip=True, normalized=True, single_word=False, special=False)}


def cases():
    no_template = dict(post_processor=None)
    return {
        "gpt2 without a class": (byte_level(), {}, "gpt2"),
        "gpt2, GPT2TokenizerFast, prefix space": (byte_level(), dict(tokenizer_class="GPT2TokenizerFast", add_prefix_space=True), "gpt2"),
        "gpt2, PreTrainedTokenizerFast": (byte_level(), dict(tokenizer_class="PreTrainedTokenizerFast"), "gpt2"),
        "gpt2, TokenizersBackend": (byte_level(), dict(tokenizer_class="TokenizersBackend", bos_token="<s>", eos_token="</s>"), "gpt2"),
        "gpt2, CodeGenTokenizer": (byte_level(), dict(tokenizer_class="CodeGenTokenizer"), "gpt2"),
        "gpt2, RobertaTokenizer": (byte_level(), dict(tokenizer_class="RobertaTokenizer"), "gpt2"),
        "gpt2, BartTokenizerFast": (byte_level(), dict(tokenizer_class="BartTokenizerFast", sep_token="<eos>"), "gpt2"),
        "gpt2, BertTokenizer": (word_piece(), dict(tokenizer_class="BertTokenizer", do_lower_case=False), "gpt2"),
        "gpt2, BertTokenizerFast": (word_piece(), dict(tokenizer_class="BertTokenizerFast"), "gpt2"),
        "gpt2, BertTokenizer without sep": (word_piece(), dict(tokenizer_class="BertTokenizer", sep_token=None), "gpt2"),
        "gpt2, BertTokenizer without cls": (word_piece(), dict(tokenizer_class="BertTokenizer", cls_token=None), "gpt2"),
        "gpt2, BertTokenizer without sep and cls": (word_piece(), dict(tokenizer_class="BertTokenizer", cls_token=None, sep_token=None), "gpt2"),
        "gpt2, BertTokenizer, empty sep": (word_piece(), dict(tokenizer_class="BertTokenizer", sep_token=""), "gpt2"),
        "gpt2, BertTokenizer, unk_token in special_tokens_map.json": (word_piece(), dict(tokenizer_class="BertTokenizer"), "gpt2", {"special_tokens_map.json": dict(unk_token="<unk>")}),
        "llama without a class": (spaces(), {}, "llama"),
        "code_llama without a class": (spaces(), {}, "code_llama"),
        "names of CodeLlama's, two null": (spaces(), dict(tokenizer_class="CodeLlamaTokenizer", prefix_token=None, eot_token=None), "llama"),
        "llama, LlamaTokenizer": (spaces(), dict(tokenizer_class="LlamaTokenizer"), "llama"),
        "llama, LlamaTokenizerFast, legacy": (spaces(), dict(tokenizer_class="LlamaTokenizerFast", legacy=True, bos_token="<bos>"), "llama"),
        "llama, LlamaTokenizer without a template": (spaces(**no_template), dict(tokenizer_class="LlamaTokenizer", add_bos_token=True), "llama"),
        "llama, LlamaTokenizer, no prefix space": (spaces(), dict(tokenizer_class="LlamaTokenizer", add_prefix_space=False), "llama"),
        "llama, byte-level LlamaTokenizer": (byte_level(), dict(tokenizer_class="LlamaTokenizer"), "llama"),
        "llama, CodeLlamaTokenizer": (spaces(), dict(tokenizer_class="CodeLlamaTokenizer"), "llama"),
        "llama, CodeLlamaTokenizerFast without a prefix space": (spaces(), dict(tokenizer_class="CodeLlamaTokenizerFast", add_prefix_space=False), "llama"),
        "llama, GemmaTokenizer": (spaces(), dict(tokenizer_class="GemmaTokenizer"), "llama"),
        "llama, GPTNeoXTokenizer": (byte_level(), dict(tokenizer_class="GPTNeoXTokenizer", add_bos_token=True), "llama"),
        "llama, GPTNeoXTokenizerFast": (byte_level(), dict(tokenizer_class="GPTNeoXTokenizerFast", pad_token="<pad>"), "llama"),
        "llama, GPT2Tokenizer": (byte_level(), dict(tokenizer_class="GPT2Tokenizer", bos_token=None), "llama"),
        "llama, CohereTokenizer": (byte_level(), dict(tokenizer_class="CohereTokenizer", bos_token="<bos>"), "llama"),
        "llama, Qwen2Tokenizer": (byte_level(), dict(tokenizer_class="Qwen2Tokenizer"), "llama"),
        "llama, BloomTokenizerFast": (byte_level(), dict(tokenizer_class="BloomTokenizerFast"), "llama"),
        "llama, a class of its own": (byte_level(), dict(tokenizer_class="OrionTokenizer"), "llama"),
        "mistral, LlamaTokenizer": (spaces(), dict(tokenizer_class="LlamaTokenizer"), "mistral"),
        "mistral, GPT2Tokenizer": (byte_level(), dict(tokenizer_class="GPT2Tokenizer"), "mistral"),
        "mistral without a class": (spaces(), {}, "mistral"),
        "qwen2 without a class": (byte_level(), {}, "qwen2"),
        "qwen2, LlamaTokenizerFast": (byte_level(), dict(tokenizer_class="LlamaTokenizerFast"), "qwen2"),
        "qwen2, PreTrainedTokenizerFast": (byte_level(), dict(tokenizer_class="PreTrainedTokenizerFast", pad_token="<pad>"), "qwen2"),
        "qwen3 without a class": (byte_level(), {}, "qwen3"),
        "qwen3, PreTrainedTokenizerFast": (byte_level(), dict(tokenizer_class="PreTrainedTokenizerFast"), "qwen3"),
        "qwen3, Qwen2Tokenizer, prefix space": (byte_level(), dict(tokenizer_class="Qwen2Tokenizer", add_prefix_space=True), "qwen3"),
        "qwen3, Qwen3_5Tokenizer": (byte_level(), dict(tokenizer_class="Qwen3_5Tokenizer"), "qwen3"),
        "qwen3, GPT2Tokenizer": (byte_level(), dict(tokenizer_class="GPT2Tokenizer"), "qwen3"),
        "flags of added_tokens_decoder": (byte_level(), dict(tokenizer_class="PreTrainedTokenizerFast", added_tokens_decoder=DECODER, eos_token="<eos>"), "llama"),
        "added_tokens_decoder of a class": (byte_level(), dict(tokenizer_class="Qwen2Tokenizer", added_tokens_decoder=DECODER), "llama"),
        "padding of tokenizer.json": (byte_level(padding=dict(strategy="BatchLongest", direction="Right", pad_to_multiple_of=None, pad_id=5, pad_type_id=0, pad_token="<pad>")), dict(tokenizer_class="PreTrainedTokenizerFast"), "llama"),
        "truncation of tokenizer.json": (byte_level(truncation=dict(direction="Right", max_length=2, strategy="LongestFirst", stride=0)), dict(tokenizer_class="PreTrainedTokenizerFast"), "llama"),
        "an odd named token": (byte_level(), dict(tokenizer_class="PreTrainedTokenizerFast", bos_token="<new>", eos_token=dict(__type="AddedToken", content="he", lstrip=True, rstrip=False, normalized=True, single_word=False)), "llama"),
        "tokens by names of the model's": (byte_level(), MODEL_TOKENS, "qwen2"),
        "tokens by names in extra_special_tokens": (byte_level(), dict(tokenizer_class="PreTrainedTokenizerFast", extra_special_tokens=dict(image_token="<image>", eoi_token="</s>"), additional_special_tokens=["<t2>"]), "llama"),
        "names of CodeLlama's, one replaced": (spaces(), dict(tokenizer_class="CodeLlamaTokenizer", prefix_token="<left>"), "llama"),
        "further tokens with flags": (byte_level(), dict(tokenizer_class="PreTrainedTokenizerFast", **FURTHER), "llama"),
        "further tokens with flags, Qwen2": (byte_level(), dict(tokenizer_class="Qwen2Tokenizer", **FURTHER), "qwen2"),
        "further tokens with flags, Cohere": (byte_level(), dict(tokenizer_class="CohereTokenizer", **FURTHER), "llama"),
        "further tokens under both names": (byte_level(), dict(tokenizer_class="PreTrainedTokenizerFast", extra_special_tokens=[], **FURTHER), "llama"),
        "listed as not special": (byte_level(), dict(tokenizer_class="PreTrainedTokenizerFast", added_tokens_decoder=NEVER_SPECIAL), "llama"),
        "listed as not special, Qwen2": (byte_level(), dict(tokenizer_class="Qwen2Tokenizer", added_tokens_decoder=NEVER_SPECIAL), "qwen2"),
        "a special token of normalized text": (byte_level(added_tokens=added(byte_level()["model"]["vocab"], [dict(content="HE", normalized=True)])), dict(tokenizer_class="PreTrainedTokenizerFast"), "llama"),
        "special_tokens_map.json": (byte_level(), dict(tokenizer_class="PreTrainedTokenizerFast", bos_token="<s>"), "llama", {"special_tokens_map.json": dict(bos_token="<bos>", image_token="<image>", pad_token=dict(content="<pad>", lstrip=True), additional_special_tokens=["<t2>"])}),
        "special_tokens_map.json with further tokens": (byte_level(), dict(tokenizer_class="PreTrainedTokenizerFast", additional_special_tokens=["<t2>"]), "llama", {"special_tokens_map.json": dict(extra_special_tokens=["<t3>"], additional_special_tokens=["<t4>"])}),
        "added_tokens.json": (byte_level(), dict(tokenizer_class="PreTrainedTokenizerFast", extra_special_tokens=["<t2>"]), "llama", {"added_tokens.json": {"<t2>": 500, "<t3>": 501, "<left>": 502}}),
        "clean up, WordPiece": (word_piece(), dict(tokenizer_class="PreTrainedTokenizerFast", clean_up_tokenization_spaces=True), "llama"),
        "clean up, Unigram": (unigram(), dict(tokenizer_class="PreTrainedTokenizerFast", clean_up_tokenization_spaces=True), "llama"),
        "clean up, BPE": (spaces(), dict(tokenizer_class="PreTrainedTokenizerFast", clean_up_tokenization_spaces=True), "llama"),
        "clean up, BPE though it corrupts": (spaces(), dict(tokenizer_class="PreTrainedTokenizerFast", clean_up_tokenization_spaces=True, clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output=True), "llama"),
        "split_special_tokens": (byte_level(), dict(tokenizer_class="PreTrainedTokenizerFast", split_special_tokens=True), "llama"),
    }


def main():
    out = {}
    for name, (value, config, model_type, *more) in cases().items():
        further = more[0] if more else {}
        with tempfile.TemporaryDirectory() as folder:
            for file, content in {"tokenizer.json": value, "tokenizer_config.json": config, "config.json": dict(model_type=model_type), **further}.items():
                with open(os.path.join(folder, file), "w") as f:
                    json.dump(content, f)
            tok = AutoTokenizer.from_pretrained(folder)
        texts = [dict(text=t, ids=(ids := tok(t)["input_ids"]), plain=tok(t, add_special_tokens=False)["input_ids"], decoded=tok.decode(ids), shown=tok.decode(ids, skip_special_tokens=True)) for t in [*TEXTS, *(PUNCTUATED if "clean up" in name else []), *(["<image> a", "<t2> a <t3>"] if "token" in name else [])]]
        named = tok.special_tokens_map
        out[name] = dict(json=value, config=config, model_type=model_type, files=further, made=type(tok).__name__, named=named, length=len(tok), texts=texts)
    shared = {}
    for case in out.values():  # vocabularies and merges are stored once
        model = case["json"]["model"] = dict(case["json"]["model"])
        key = json.dumps([model["vocab"], model.get("merges")], ensure_ascii=False)
        shared.setdefault(key, str(len(shared)))
        case["vocabulary"] = shared[key]
        del model["vocab"]
        model.pop("merges", None)
    vocabularies = {number: dict(zip(("vocab", "merges"), json.loads(key))) for key, number in shared.items()}
    made_by = dict(made_by="scripts/make_tokenizer_classes_fixture.py", versions=dict(transformers=transformers.__version__, tokenizers=tokenizers.__version__))
    with open(os.path.join(FIXTURES, "tokenizer-classes.json"), "w") as f:
        json.dump(dict(**made_by, vocabularies=vocabularies, cases=out), f, ensure_ascii=False, separators=(",", ":"))
        f.write("\n")


main()
