"""Writes test/fixtures/shapes/: rows in the formats of Axolotl and LLaMA-Factory beside what their own functions make
of them. Needs the unpacked packages, of which only the modules that convert rows are loaded, and jinja2:

    pip download --no-deps axolotl==0.19.0 llamafactory==0.9.5   # and unzip both wheels
    python scripts/make_shapes_fixture.py AXOLOTL_FOLDER LLAMAFACTORY_FOLDER
"""

import copy
import enum
import importlib.util
import json
import pathlib
import sys
import types

OUT = pathlib.Path(__file__).parent.parent / "test" / "fixtures" / "shapes"
SYSTEMS = ["Answer in one word.", "", None]
QUESTIONS = ["What is 2 + 2?", "Name a color.\nAny color.", " Is tea a drink? "]
CHOSEN = ["Four.", "Blue — or “teal”.", "Yes.\n"]
REJECTED = ["It may be 4.", "<|im_end|>", ""]


def load(path, name, **stubs):
    for stub, module in stubs.items():
        sys.modules[stub.replace("__", ".")] = module
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def write(name, native, expected, **options):
    for suffix, rows in (("", native), (".trl", expected)):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (OUT / f"{name}{suffix}.jsonl").write_text(text)
    SETTINGS[name] = options


SETTINGS = {}


def rows(prompt, chosen="chosen", rejected="rejected", system=True):
    for i, (s, q, c, r) in enumerate(zip(SYSTEMS, QUESTIONS, CHOSEN, REJECTED)):
        yield {**({"system": s} if system else {}), prompt: q, chosen: c, rejected: r, "id": i}


def chats(with_prompt):
    for s, q, c, r in zip(SYSTEMS, QUESTIONS, CHOSEN, REJECTED):
        own = {"system": s, "prompt": q} if with_prompt else {}
        chat = lambda answer: [{"role": "user", "content": q}, {"role": "assistant", "content": answer}]
        yield {**own, "chosen": chat(c), "rejected": chat(r)}


def axolotl(folder):
    dpo = pathlib.Path(folder) / "axolotl" / "prompt_strategies" / "dpo"
    inputs = {
        "default": list(rows("question")),
        "icr": list(rows("input")),
        "intel": list(rows("question")),
        "prompt_pairs": list(rows("prompt")),
        "ultra": list(chats(True)),
        "argilla_chat": list(chats(False)),
    }
    for family in ("chatml", "llama3"):
        module = load(dpo / f"{family}.py", f"axolotl_{family}")
        for kind, native in inputs.items():
            transform = getattr(module, kind)({})
            made = [transform(copy.deepcopy(row)) for row in native]
            write(f"{family}.{kind}", native, [texts(row) for row in made], data_format=f"{family}.{kind}")
        native = [
            {"system": row["system"], "instruction": row["input"], "chosen_response": row["chosen"], "rejected_response": row["rejected"]}
            for row in inputs["icr"]
        ]
        transform = module.default({})  # argilla's texts, which 0.19 leaves to default
        write(f"{family}.argilla", native, [texts(transform(copy.deepcopy(row))) for row in native], data_format=f"{family}.argilla")
    native = [{"system": s, "question": q, "chosen": c, "rejected": r} for s, q, c, r in [(4.0, 42, True, 1e-05), (0.0, -9007199254740993, False, 1e16)]]
    write("chatml.intel.numbers", native, [texts(load(dpo / "chatml.py", "axolotl_chatml").intel({})(dict(row))) for row in native], data_format="chatml.intel")
    nectar = load(dpo / "zephyr.py", "axolotl_zephyr").nectar({})
    native = [{"prompt": q, "answers": [{"answer": c, "rank": 1.0}, {"answer": r, "rank": 3.0}, {"answer": "Hm.", "rank": 2.0}]} for q, c, r in zip(QUESTIONS, CHOSEN, REJECTED)]
    write("zephyr.nectar", native, [texts(nectar(copy.deepcopy(row))) for row in native], data_format="zephyr.nectar")
    user_defined = load(dpo / "user_defined.py", "axolotl_user_defined")
    kind = {"field_prompt": "question", "field_chosen": "good", "field_rejected": "bad", "prompt_format": "[{system}] {{Q}}: {prompt} A:", "chosen_format": " {chosen}</s>"}
    native = list(rows("question", "good", "bad"))
    transform = user_defined.default({"datasets": [{"type": kind}]})
    write("user_defined.default", native, [texts(transform(copy.deepcopy(row))) for row in native], data_format="user_defined.default", data_format_options=kind)
    native = list(rows("prompt", system=False))
    transform = load(dpo / "passthrough.py", "axolotl_passthrough").default({})
    write("passthrough", native, [transform(copy.deepcopy(row)) for row in native], data_format="passthrough")
    chat_templates(dpo)


def texts(row):
    return {name: row[name] for name in ("prompt", "chosen", "rejected")}


class Tokenizer:
    """Renders messages as they are, so that the expected rows say which messages Axolotl renders."""

    def apply_chat_template(self, messages, add_generation_prompt, chat_template, tokenize):
        dummy = messages and messages[0]["content"] == "[[dummy_message]]"
        text = json.dumps(messages, ensure_ascii=False)
        self.messages.append(messages[1:] if dummy else messages)
        return text


def chat_templates(dpo):
    stub = types.ModuleType("axolotl.utils.chat_templates")
    stub.extract_chat_template_args = lambda cfg, ds_cfg: (None, None)
    stub.get_chat_template = lambda **_: None
    legacy = types.ModuleType("axolotl.utils.schemas.utils")
    legacy.handle_legacy_message_fields_logic = lambda cfg: cfg
    for name in ("axolotl", "axolotl.utils", "axolotl.utils.schemas"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["axolotl.utils.chat_templates"] = stub
    sys.modules["axolotl.utils.schemas.utils"] = legacy
    module = load(dpo / "chat_template.py", "axolotl_chat_template")
    tokenizer = Tokenizer()

    def run(kind, native, **settings):
        transform, _ = getattr(module, kind)({"datasets": [settings]})
        made = []
        for row in native:
            tokenizer.messages = []
            transform(copy.deepcopy(row), tokenizer=tokenizer)
            made.append(dict(zip(("prompt", "chosen", "rejected"), copy.deepcopy(tokenizer.messages))))
        return made

    turns = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "Bye"}]
    answer = lambda text: {"role": "assistant", "content": text}
    native = [{"messages": turns, "chosen": answer("Bye!"), "rejected": answer("No.")}, {"messages": turns[:2], "chosen": answer("Yo"), "rejected": answer("")}]
    write("chat_template.default", native, run("default", native))
    named = {"field_messages": "talk", "field_chosen": "good", "field_rejected": "bad", "message_property_mappings": {"role": "from", "content": "value"}, "roles": {"user": ["human"], "assistant": ["gpt"], "system": ["sys"]}}
    say = lambda role, text: {"from": role, "value": text}
    native = [{"talk": [say("sys", "Be kind."), say("human", "Hi")], "good": say("gpt", "Hello"), "bad": say("gpt", "What?")}]
    write("chat_template.default.named", native, run("default", native, **named), data_format="chat_template.default", data_format_options=named)
    native = [{"chosen": [*turns, answer("Bye!")], "rejected": [*turns, answer("No.")]}]
    write("chat_template.argilla_chat", native, run("argilla_chat", native), data_format="chat_template.argilla_chat")


def llama_factory(folder):
    data = pathlib.Path(folder) / "llamafactory" / "data"
    for name in ("lf", "lf.extras", "lf.data"):
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = []
    logging = types.ModuleType("lf.extras.logging")
    logging.get_logger = lambda name: None
    sys.modules["lf.extras"].logging = logging
    sys.modules["lf.extras.logging"] = logging
    for name, values in {"constants": {"DATA_CONFIG": "dataset_info.json"}, "misc": {"use_modelscope": lambda: False, "use_openmind": lambda: False}}.items():
        sys.modules[f"lf.extras.{name}"] = types.ModuleType(f"lf.extras.{name}")
        sys.modules[f"lf.extras.{name}"].__dict__.update(values)
    roles = enum.Enum("Role", {"USER": "user", "ASSISTANT": "assistant", "SYSTEM": "system", "FUNCTION": "function", "OBSERVATION": "observation"}, type=str)
    sys.modules["lf.data.data_utils"] = types.ModuleType("lf.data.data_utils")
    sys.modules["lf.data.data_utils"].Role = roles
    sys.modules.setdefault("huggingface_hub", types.ModuleType("huggingface_hub")).hf_hub_download = None
    converter = load(data / "converter.py", "lf.data.converter")
    parser = load(data / "parser.py", "lf.data.parser")

    def run(native, info):
        attr = parser.get_dataset_list(["mine"], {"mine": {"file_name": "mine.json", "ranking": True, **info}})[0]
        convert = converter.get_dataset_converter(attr.formatting, attr, types.SimpleNamespace(media_dir=""))
        return [to_trl(convert(row)) for row in native]

    columns = {"prompt": "instruction", "query": "input", "system": "system", "history": "history", "chosen": "chosen", "rejected": "rejected"}
    native = [
        {"instruction": "Add the numbers.", "input": "2 and 2", "system": "Be brief.", "history": [["Hi", "Hello"], ["Who?", "Me"]], "chosen": "4", "rejected": "5", "id": 1234567890123456789},
        {"instruction": "Name a color.", "input": "", "system": "", "history": [], "chosen": "Blue", "rejected": "Seven"},
        {"instruction": "", "input": "Is tea a drink?", "system": None, "history": None, "chosen": "Yes", "rejected": ""},
    ]
    write("alpaca", native, run(native, {"columns": columns}))
    own = {"prompt": "ask", "chosen": "good", "rejected": "bad", "system": "sys"}
    native = [{"ask": "Hi", "input": "not read", "sys": "Be kind.", "good": "Hello", "bad": "No"}]
    write("alpaca.columns", native, run(native, {"columns": own}), data_format="alpaca", data_format_options={"columns": own})
    say = lambda tag, text: {"from": tag, "value": text}
    tools = '[{"name": "add", "description": "Adds.", "parameters": {"type": "object", "properties": {"a": {"type": "number"}}}}]'
    native = [
        {"conversations": [say("human", "Hi")], "chosen": say("gpt", "Hello"), "rejected": say("gpt", "No"), "system": "", "tools": None},
        {"conversations": [say("human", "2+2?"), say("function_call", '{"name": "add", "arguments": {"a": 2.0}}'), say("observation", "4")], "chosen": say("gpt", "Four"), "rejected": say("gpt", "Five"), "system": "Be exact.", "tools": tools},
    ]
    shape = {"formatting": "sharegpt", "columns": {"messages": "conversations", "chosen": "chosen", "rejected": "rejected", "system": "system", "tools": "tools"}}
    write("sharegpt", native, run(native, shape))
    tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant", "system_tag": "system"}
    turn = lambda role, text: {"role": role, "content": text}
    native = [{"talk": [turn("system", "Be kind."), turn("user", "Hi")], "good": turn("assistant", "Hello"), "bad": turn("assistant", "No")}]
    own = {"columns": {"messages": "talk", "chosen": "good", "rejected": "bad"}, "tags": tags}
    write("sharegpt.tags", native, run(native, {"formatting": "sharegpt", **own}), data_format="sharegpt", data_format_options=own)


def to_trl(made):
    def message(one):
        role = {"observation": "tool"}.get(one["role"], one["role"])
        if role != "function":
            return {"role": role, "content": one["content"]}
        return {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": json.loads(one["content"])}]}

    system = [{"role": "system", "content": made["_system"]}] if made["_system"] else []
    row = {"prompt": system + [message(one) for one in made["_prompt"]]}
    row["chosen"], row["rejected"] = ([message(one)] for one in made["_response"])
    if made["_tools"]:
        row["tools"] = [{"type": "function", "function": tool} for tool in json.loads(made["_tools"])]
    return row


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    axolotl(sys.argv[1])
    llama_factory(sys.argv[2])
    (OUT / "python.json").write_text(json.dumps(SETTINGS, indent=2) + "\n")
    print(len(SETTINGS), "cases")
