"""Writes test/fixtures/recipe-keys.json: the fields of the dataclasses that DPO recipes are parsed into, with their
defaults, of many versions: TRL's and transformers' from wheels, those of alignment-handbook and of projects built on it
from their sources. Nothing is imported; the files are parsed.

    pip download --no-deps trl==0.7.11 -d trl-0.7.11        # and so on, into FOLDER/NAME-VERSION
    python scripts/make_recipe_keys_fixture.py FOLDER [SOURCE.py ...]
"""

import ast
import json
import pathlib
import sys
import zipfile

OUT = pathlib.Path(__file__).parent.parent / "test" / "fixtures" / "recipe-keys.json"
CLASSES = {
    *("DPOConfig", "CPOConfig", "ORPOConfig", "_BaseConfig", "BaseConfig", "ModelConfig", "DPOScriptArguments"),
    *("TrainingArguments", "DataArguments", "ModelArguments", "SimPOConfig", "SPPOConfig", "DPOShiftConfig"),
}
# TRL's ScriptArguments in trl/scripts; its examples have classes of the same name with keys of their own
SCRIPT = "scripts/utils.py"


def fields(source):
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ClassDef) or not any("dataclass" in ast.dump(one) for one in node.decorator_list):
            continue
        for field in node.body:
            is_field = isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
            if is_field and "ClassVar" not in ast.dump(field.annotation):
                yield node.name, field.target.id, default_of(field.value)


def default_of(value):
    """A list of the default; empty where there is none, or it is no literal."""
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "field":
        given = {keyword.arg: keyword.value for keyword in value.keywords}
        if "default" in given:
            return default_of(given["default"])
        factory = given.get("default_factory")
        return default_of(factory.body) if isinstance(factory, ast.Lambda) else []
    try:
        return [] if value is None else [ast.literal_eval(value)]
    except ValueError:
        return []


def sources(folder):
    for wheel in sorted(pathlib.Path(folder).glob("t*-*/*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.endswith(".py") and ("config" in name or "args" in name or name.endswith(SCRIPT)):
                    yield name, archive.read(name).decode()


def main():
    keys = {}
    everything = [*sources(sys.argv[1]), *((path, pathlib.Path(path).read_text()) for path in sys.argv[2:])]
    for path, text in everything:
        for name, key, default in fields(text):
            if name in CLASSES or (name == "ScriptArguments" and path.endswith(SCRIPT)):
                known = keys.setdefault(key, [])
                known.extend(one for one in default if json.dumps(one) not in map(json.dumps, known))
    lines = [f" {json.dumps(key)}: {json.dumps(keys[key])}" for key in sorted(keys)]
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(len(keys), "keys")


if __name__ == "__main__":
    main()
