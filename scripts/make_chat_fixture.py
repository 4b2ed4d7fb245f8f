"""Writes test/fixtures/chat-tokenizer/ (a small tokenizer with custom chat templates) and test/fixtures/chat.json:
transformers' results for conversations with these and other templates, and TRL's for preference rows.

    python scripts/make_chat_fixture.py

Needs trl, transformers, tokenizers and datasets (versions are written into the file).
"""

import datetime
import json
import logging
import os
import shutil
from types import SimpleNamespace

import datasets
import tokenizers
import transformers
import trl
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from tokenizers import decoders
from transformers import AutoTokenizer, PreTrainedTokenizerFast
from transformers.utils.chat_template_utils import render_jinja_template
from trl import DPOTrainer
from trl.trainer import dpo_trainer

FIXTURES = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures")
CORPUS = """user assistant system tool The sky is blue, and the grass is green. What is the weather in Paris? It is 20 degrees.
Be brief. Answer in one word. Is it better? Yes. No. Why? Because of the light. 1234 5678 {"name": "get_weather"} é 日本 😀"""

CHATML = """{%- for message in messages %}
    {{- '<|im_start|>' + message['role'] + '\\n' + message.content + '<|im_end|>' + '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}"""

TOOL_USE = """{%- if tools %}
    {{- '<|im_start|>system\\n# Tools\\n' }}
    {%- for tool in tools %}
        {{- tool | tojson }}
        {%- if not loop.last %}{{ '\\n' }}{% endif %}
    {%- endfor %}
    {{- '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if message.tool_calls is defined and message.tool_calls %}
        {{- '<|im_start|>assistant\\n' }}
        {%- for call in message.tool_calls %}
            {{- '<tool_call>' ~ (call.function | tojson(indent=2)) ~ '</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>' + message.role + '\\n' + (message.content or '') + '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- if enable_thinking is defined and not enable_thinking %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}{%- endif %}"""

# Each shows a difference between the JavaScript engine and Python's, or an extension of transformers.
TEMPLATES = {
    "strip with characters": "{% for m in messages %}{{ m.content.strip('\\n').rstrip('.').lstrip('T ') }}|{{ m.content | trim }}|{% endfor %}",
    "reasoning": "{% for m in messages %}{% if '</think>' in m.content %}{% set r = m.content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}{% set c = m.content.split('</think>')[-1].lstrip('\\n') %}[{{ r }}][{{ c }}]{% else %}{{ m.content }}{% endif %}{{ m.reasoning_content }}{% endfor %}",
    "values as text": "{{ true }} {{ none }} {{ 1.0 }} {{ 0.00001 }} {{ [1, 'a', none, true, 2.5] }} {{ {'k': \"it's\", 'n': [\"\\n\"]} }} {{ (1, 2) }} {{ messages[0] }}",
    "variables of a round": "{% for m in messages %}{% if loop.first %}{% set seen = 'first' %}{% endif %}<{{ seen }}>{% endfor %}",
    "trimmed blocks": "a\n  {% if true %}\n    b\n  {% endif %}\n{# c #}\n  d\n{%- if true -%}  \n e {%- endif %}\n\n",
    "equality": "{{ 1 == '1' }} {{ [1, 2] == [1, 2] }} {{ {'a': 1} == {'a': 1.0} }} {{ true == 1 }} {{ 'a' in ['a'] }} {{ [1] in [[1]] }}",
    "text and a list": "{{ messages[0].role + messages }}",
    "text and nothing": "{{ messages[0].role + messages[0].nothing }}",
    "of nothing": "{{ messages[0].nothing.more }}",
    "a role that is refused": "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{{ m.content }}{% endfor %}",
    "system left out": "{% for m in messages if m.role != 'system' %}{{ bos_token }}{{ m.content }}{{ eos_token }}{% endfor %}",
    "json": "{{ tools | tojson }}\n{{ tools | tojson(indent=4) }}\n{{ messages | tojson(ensure_ascii=true, sort_keys=true, separators=(',', ':')) }}",
    "dates": "{{ strftime_now('%Y') | length }} {{ strftime_now('%d %B %Y') | length > 8 }}",
    "namespaces and macros": "{% set ns = namespace(n=0, last='') %}{% macro turn(m, end='.') %}({{ m.role }}{{ end }}){% endmacro %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% set ns.last = m.role %}{{ turn(m) }}{{ turn(m, end='!') }}{% endfor %}{{ ns.n }}{{ ns.last }}",
    "loop controls": "{% for m in messages %}{% if m.role == 'tool' %}{% continue %}{% endif %}{% if loop.index > 3 %}{% break %}{% endif %}{{ loop.index0 }}{{ m.role }}{{ loop.last }}{% endfor %}",
    "a key named items": "{% for t in tools %}{% for name, p in t.function.parameters.properties.items() %}{{ name }}: {{ p.type | string | upper }} {{ p.get('items') }}; {% endfor %}{% endfor %}",
    "filters": "{{ messages | map(attribute='role') | join(', ') }} {{ messages | selectattr('role', 'equalto', 'user') | list | length }} {{ messages | rejectattr('content', 'defined') | list | length }} {{ ['b', 'a'] | sort | first }} {{ messages[:1] | length }} {{ messages[::-1][0].role }} {{ 'ab' | capitalize }} {{ x | default('none') }}",
    "kinds": "{% for m in messages %}{{ m.content is string }} {{ m.content is iterable and m.content is not string }} {{ m.content is mapping }} {{ m.nothing is defined }} {{ m.nothing is none }};{% endfor %}",
    "documents": "{% for d in documents %}{{ d.title }}: {{ d.text }}\n{% endfor %}{{ messages[-1].content }}",
    "generation": "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{{ eos_token }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}\n{% endfor %}",
    "alternating roles": "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{{ m.content }}{% endfor %}",
    "escapes": "{{ 'a\\tb\\'c' }}{{ \"d\\\"e\" }}\r\nnext {{- ' x' -}} \r\n y",
    "no template": "{% for m in messages %}{{ m.content }}",
}

TOOL = dict(type="function", function=dict(name="get_weather", description="The \"weather\" <b> of a city's day & é", parameters=dict(
    type="object", properties=dict(city=dict(type="string"), items=dict(type="array", items=dict(type="number")), unit=dict(type=["string", "null"], default=1.5)), required=["city"])))
CALL = dict(type="function", function=dict(name="get_weather", arguments=dict(city="Paris", days=2, wind=None, at=[1.5, "é"], now=True)))


def turn(role, content, **more):
    return dict(role=role, content=content, **more)


CONVERSATIONS = [
    [turn("user", "The sky")],
    [turn("user", " Why?\n"), turn("assistant", "  Because.\n\n")],
    [turn("system", "Be brief. "), turn("user", "Is it\x85 better?\ufeff"), turn("assistant", "\ufeffYes.\x1c"), turn("user", "Why?"), turn("assistant", "The light")],
    [turn("user", "Why?"), turn("assistant", "<think>\n hm \n</think>\n\n  Because.")],
    [turn("user", "Why?"), turn("assistant", "Because.", reasoning="I see")],
    [turn("user", "Weather?"), turn("assistant", None, tool_calls=[CALL]), turn("tool", "20", name="get_weather"), turn("assistant", "It is 20.")],
    [turn("user", [dict(type="text", text="One "), dict(type="text", text="two")])],
]
OPTIONS = [dict(), dict(add_generation_prompt=True), dict(tools=[TOOL], add_generation_prompt=True, enable_thinking=False),
           dict(continue_final_message=True), dict(documents=[dict(title="T", text="x")])]


def rendered():
    special = dict(bos_token="<s>", eos_token="</s>")
    cases = []
    for name, template in {"chatml": CHATML, "tool use": TOOL_USE, **TEMPLATES}.items():
        for i, messages in enumerate(CONVERSATIONS):
            kept = [{k: v for k, v in m.items() if v is not None} for m in messages]
            for j, options in enumerate(OPTIONS):
                try:
                    out = dict(text=render_jinja_template([kept], chat_template=template, **special, **options)[0][0])
                except Exception as error:
                    out = dict(error=type(error).__name__)
                cases.append(dict(template=name, messages=i, options=j, **out))
    return dict(templates={"chatml": CHATML, "tool use": TOOL_USE, **TEMPLATES}, special=special, conversations=CONVERSATIONS,
                options=OPTIONS, cases=cases)


def make_tokenizer():
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(vocab_size=360, special_tokens=special, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), min_frequency=1)
    tok.train_from_iterator(CORPUS.split("\n"), trainer)
    tok.decoder = decoders.ByteLevel()
    tok.post_processor = processors.TemplateProcessing(single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", 0)])
    fast = PreTrainedTokenizerFast(tokenizer_object=tok, bos_token="<|endoftext|>", eos_token="<|im_end|>", pad_token="<|endoftext|>")
    fast.chat_template = dict(default=CHATML, tool_use=TOOL_USE)
    out = os.path.join(FIXTURES, "chat-tokenizer")
    shutil.rmtree(out, ignore_errors=True)
    fast.save_pretrained(out)
    return AutoTokenizer.from_pretrained(out)


def preference_rows():
    user, bot = (lambda c: turn("user", c)), (lambda c: turn("assistant", c))
    forms = dict(
        explicit=[dict(prompt=[user("Why?")], chosen=[bot("Because.")], rejected=[bot("No")]),
                  dict(prompt=[turn("system", "Be brief."), user("Is it?"), bot("Yes."), user("Why?")], chosen=[bot("The light")], rejected=[bot("")]),
                  dict(prompt=[user("日本 😀")], chosen=[bot("é"), user("Is it?"), bot("Yes")], rejected=[bot("<|im_end|>")])],
        implicit=[dict(chosen=[user("Why?"), bot("Because.")], rejected=[user("Why?"), bot("No")]),
                  dict(chosen=[user("q"), bot("a"), user("q2"), bot("x")], rejected=[user("q"), bot("a"), user("q2"), bot("y")]),
                  dict(chosen=[user("q"), bot("a")], rejected=[user("q"), bot("a"), user("b"), bot("c")])],
        tools=[dict(prompt=[user("Weather?")], chosen=[turn("assistant", "", tool_calls=[dict(type="function", function=dict(name="get_weather", arguments=dict(city="Paris", days=2)))])],
                    rejected=[bot("I don't know")], tools=json.dumps([TOOL])),
               dict(prompt=[user("Weather?")], chosen=[bot("20")], rejected=[bot("30")], tools=None)],
        kwargs=[dict(prompt=[user("Why?")], chosen=[bot("<think>\n\n</think>\n\nBecause.")], rejected=[bot("No")],
                     chat_template_kwargs=dict(enable_thinking=False, chat_template="tool_use")),
                dict(prompt=[user("Why?")], chosen=[bot("Because.")], rejected=[bot("No")],
                     chat_template_kwargs=dict(enable_thinking=True, chat_template="tool_use"))],
        texts=[dict(prompt="<|endoftext|>The sky", chosen=" is blue", rejected=" is green")],
    )
    return forms


def prepare(tok, rows):
    """TRL's own preparation, with a stub of the trainer around it."""
    warnings = []
    dpo_trainer.logger.warning_once = lambda text: warnings.append(text)
    args = SimpleNamespace(dataset_num_proc=None, max_length=None, truncation_mode="keep_start")
    prepared = DPOTrainer._prepare_dataset(SimpleNamespace(_tokenizer=tok), Dataset.from_list(rows), tok, args, "train")
    return dict(rows=rows, warned=len(warnings) > 0, pairs=[{k: row[k] for k in ("prompt_ids", "chosen_ids", "rejected_ids")} for row in prepared])


def main():
    datasets.disable_progress_bars()
    logging.disable(logging.WARNING)
    tok = make_tokenizer()
    fixture = dict(
        made_by="scripts/make_chat_fixture.py",
        versions={m.__name__: m.__version__ for m in (trl, transformers, tokenizers)},
        rendered=rendered(),
        strftime=[dict(format=f, texts=[datetime.datetime(*d).strftime(f) for d in ((2024, 2, 9, 3, 4, 5), (2023, 12, 31, 15, 0, 0))])
                  for f in ("%Y-%m-%d", "%d %b %Y", "%B %-d, %Y", "%A %a %j %H:%M:%S", "%I:%M %p", "%e %y %%", "%c", "%x %X", "%D %T %F")],
        prepared={name: prepare(tok, rows) for name, rows in preference_rows().items()},
    )
    with open(os.path.join(FIXTURES, "chat.json"), "w") as f:
        json.dump(fixture, f, ensure_ascii=False)
        f.write("\n")


main()
