"""Writes test/fixtures/data-files.json: the rows that Python's datasets reads from files of CSV, JSON and text.

    python scripts/make_data_files_fixture.py [RANDOM_CASES] [SEED] [OUT]

Needs datasets (its version, and those of pandas and pyarrow are written into the file). One case per line: the format,
the file's text, the options; the columns' types and the rows, or the name of the error. What JSON can't hold is
{"$": its text}.
"""

import datetime
import json
import math
import os
import random
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"

import datasets  # noqa: E402
import pandas  # noqa: E402
import pyarrow  # noqa: E402
from datasets import load_dataset  # noqa: E402

datasets.disable_progress_bars()
datasets.logging.set_verbosity(60)
OUT = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "data-files.json")

CSV = [
    "a,b\n1,x\n2,y\n", "a,b\n1,\n,y\n", "a\n1\nNA\n", "a\nTrue\nFalse\n", "a,b\nTrue,1\n,2\n", "a\nTrue\n1\n",
    "a\n9223372036854775807\n-9223372036854775808\n", "a\n9223372036854775808\n", "a\n9007199254740993\n",
    "a\n1.5\n2\n", "a\n1e5\n", "a\ninf\n-Infinity\n", "a\nnan\n", "a\n0x10\n", "a\n 1\n2 \n", "a\n+1\n", "a\n1_000\n",
    "a\n1.\n.5\n", "a\n1d5\n", "a\n007\n", 'a,b\n"x""y","l1\nl2"\n', 'a,b\nx"y,z"\n', 'a,b\n"x"y,z\n', "a,b\n1\n",
    "a,b\n1,2\n1,2,3\n", "a,b\n1,2\n\n3,4\n", "a,b\n1,2\n   \n3,4\n", "a\n\n1\n", "\ufeffa,b\n1,2\n",
    "a,a,a.1\n1,2,3\n", "a,a,a\n1,2,3\n", ",b\n1,2\n", "a,,\n1,2,3\n", "a,b\r\n1,2\r\n", "a,b\r1,2\r3,4",
    'a,b\n"1",2\n', 'a,b\n"",2\n', 'a,b\n"NA",x\n', "", "\n\n", 'a,b\n1,"x\n', "a,b,\n1,2,\n", "a\nx\0y\n",
    "a\nYES\nno\n", "a\nTRUE\nfalse\n", "a,b\n1,2\n3\n", "a\n2020-01-01\n", 'a,b\n"x\r\ny",2\n', 'a,b\n"x\ry",2\n',
    "a\n1\n2\nx\n", "a\n-\n", "a\n1e400\n", "a\n-0\n", "a\n-0.0\n", "a\n1e-400\n", " a, b\n1, 2\n", "a\nnull \n",
    "a\nN/A\n#N/A\nnull\nNone\n-nan\n1.#IND\nn/a\n<NA>\n", "a,b\n é☃ , 🙂\n", 'a,b\n"x, y","z ""q"" w"\n',
    "\n\na,b\n1,2\n", "a,b\n1,2", 'a,b\n1,"x"', "prompt,chosen,rejected\nWhat?,Yes.,No.\n", "a,b\n\t1,2\n",
    'a,b\n1,""""\n', 'a,b\n1," x "\n', "a\n1e\n", "a\ne5\n", "a\n1e+5\n", "a\n1E-2\n", "a\n.\n", "a\n+.5\n", "a\n--1\n",
    "a\n12345678901234567890123\n1.5\n", "a\n0.1\n0.2\n0.30000000000000004\n1.7976931348623157e308\n5e-324\n",
]
WITH_OPTIONS = [
    ("a;b\n1;2\n", {"sep": ";"}), ('a\tb\n1\t"x\ty"\n', {"sep": "\t"}), ("a|b\n1|2\n", {"delimiter": "|"}),
    ("a,b\n#c\n1,2 # d\n", {"comment": "#"}), ("x\na,b\n1,2\n", {"skiprows": 1}), ("1,2\n3,4\n", {"header": None}),
    ("1,2\n3,4\n", {"names": ["p", "q"]}), ("a,b\n1,2\n", {"column_names": ["p", "q"]}),
    ("a,b\n1,2\n", {"names": ["p", "q"], "header": 0}), ("1,2\n", {"names": ["p", "q", "r"]}),
    ("a\n1,5\n", {"sep": ";", "decimal": ","}), ("a\n1.234\n", {"thousands": "."}), ("x\ny\na,b\n1,2\n", {"header": 2}),
    (" a, b\n1, 2\n", {"skipinitialspace": True}), ('a,b\n1,x\\"y\n', {"escapechar": "\\"}),
    ('a,b\n"x\\"y",2\n', {"escapechar": "\\"}), ('a,b\n"x",y"z"\n', {"quoting": 3}), ("a\nx\n", {"na_values": ["x"]}),
    ("a\nNA\n", {"keep_default_na": False}), ("a,b\n,1\n", {"keep_default_na": False}), ("a,b\n,1\n", {"na_filter": False}),
    ("a,b\n1,2\n3,4\n5,6\n", {"nrows": 2}), ("a,b,c\n1,2,3\n", {"usecols": ["c", "a"]}), ("a,b\n1,'x,y'\n", {"quotechar": "'"}),
    ("a\nyes\nno\n", {"true_values": ["yes"], "false_values": ["no"]}), ("a,b\n1,2\n\n3,4\n", {"skip_blank_lines": False}),
    ("a,b\n1,\"x\"\"y\"\n", {"doublequote": False}),
]
JSON = [
    '{"a":1}{"a":2}', '{"a":1}\r{"a":2}\r', '{\n "a": 1\n}\n{\n "a": 2\n}\n', '[{"a":1},{"a":2}]', ' [{"a":1}]',
    '["x","y"]', "[1,2]", "[[1],[2]]", '{"a":1},{"a":2}', '{"data":[{"a":1}]}', '{"a":NaN}\n{"a":1}',
    '{"a":Infinity}\n{"a":-Infinity}', '{"a":Inf}', '{"a":-NaN}', '{"a":nan}', '[{"a":NaN},{"a":1}]', '[{"a":Infinity}]',
    '{"a":9007199254740993}', '{"a":-9223372036854775808}', '[{"a":9007199254740993}]', '{"a":1}\n\n{"a":2}',
    '{"a":1}\n[2]', '"x"\n"y"', '{"a":0.1234567890123456}', '{"a":{"b":NaN}}', '{"a":[NaN,1]}', '{"a":"NaN, NaN"}',
    '[{"a":1},"x"]', '{"a":1}]', '{"a":1', '\ufeff{"a":1}', '\ufeff[{"a":1}]', '{"a":1} // c\n', '{"a":"x\ny"}',
    '{\n "a": 1\n}', '{"a":1.0}\n{"a":2}', '{"a":null}', "[null]", '{"a":1}\n{"a":2.5}', '[{"a":1},{"b":2}]',
    '[\n  "{x",\n "y"]', '{"a":"}{"}{"a":"\\""}', '{"a":1} {"a":2}\n{"a":3}\n', '{"a":1}\n{"a":2}{"a":3}',
    '{"a":[1,\n2]}\n{"a":[3]}', '\n\n{"a":1}\r\n{"a":2}\r\n', '{"a":"x"}\x00', '{"a":": NaN"}\n{"a":"y"}',
]
FIELDS = [
    ('{"data":[{"a":1},{"a":2}],"v":1}', "data"), ('{"data":{"a":[1,2],"b":["x","y"]}}', "data"),
    ('{"data":["x","y"]}', "data"), ('{"x":1}', "data"), ('{"data":{"a":1}}', "data"), ("[1]", "data"),
    ('{"data":[{"a":9007199254740993,"b":null}]}', "data"),
]
TEXTS = ["a\nb\n", "a\r\nb\rc", "a\n\nb", "", "\n", "\ufeffa\n", "a\n\n\nb\n\nc\n", "a\x0bb\x1cc\u2028d\n", "é 🙂"]
TEXT_OPTIONS = [{}, {"keep_linebreaks": True}, {"sample_by": "paragraph"}, {"sample_by": "document"}]


def plain(value):
    """What JSON holds."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"$": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, int) and abs(value) > 2**53 - 1:
        return {"$": str(value)}
    return value.isoformat() if isinstance(value, datetime.datetime) else value


def read(kind, text, options):
    """The rows of a file with this text."""
    case = {"format": kind, "text": text, "options": options}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        try:
            rows = load_dataset(kind, data_files=path, split="train", cache_dir=folder, **options)
            types = {name: str(feature.dtype if hasattr(feature, "dtype") else "nested") for name, feature in rows.features.items()}
            return {**case, "types": types, "rows": plain(rows.to_list())}
        except Exception as error:
            return {**case, "error": type(error.__cause__ or error).__name__}


FIELDS_OF_CSV = ["1", "2", "-3", "1.5", "x", "", "NA", "True", "false", " y ", '"q"', "a\nb", "c,d", "0.1", "1e3", "é", "007"]


def random_csv(dice):
    """A table with related columns, some of it odd."""
    columns = dice.choice([1, 2, 3])
    pools = [dice.sample(FIELDS_OF_CSV, dice.choice([1, 2, 4])) for _ in range(columns)]
    end = dice.choice(["\n", "\n", "\r\n", "\r"])
    lines = [",".join(f"c{i}" for i in range(columns))]
    for _ in range(dice.choice([1, 3, 6])):
        fields = [dice.choice(pool) for pool in pools]
        if dice.random() < 0.1:
            fields = fields[:-1] or fields
        quoted = [
            '"' + field.replace('"', '""') + '"' if any(c in field for c in '"\n,') or dice.random() < 0.15 else field
            for field in fields
        ]
        lines.append(",".join(quoted))
        if dice.random() < 0.1:
            lines.append(dice.choice(["", "  ", '"', "x"]))
    return end.join(lines) + dice.choice([end, ""])


def random_floats(dice):
    """Decimals whose last bits depend on the parser."""
    numbers = [f"{dice.choice(['', '-'])}{dice.randrange(10**dice.randrange(1, 18))}.{dice.randrange(10**dice.randrange(1, 20))}" for _ in range(6)]
    numbers += [repr(dice.random()), repr(dice.uniform(-1e300, 1e300)), f"{dice.random()}e{dice.randrange(-320, 308)}"]
    return "a\n" + "\n".join(numbers) + "\n"


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    dice = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 16)
    cases = [("csv", text, {}) for text in CSV] + [("csv", *case) for case in WITH_OPTIONS]
    cases += [("json", text, {}) for text in JSON] + [("json", text, {"field": field}) for text, field in FIELDS]
    cases += [("text", text, options) for text in TEXTS for options in TEXT_OPTIONS]
    cases += [("csv", random_csv(dice), {}) for _ in range(count)]
    cases += [("csv", random_floats(dice), {}) for _ in range(count // 6)]
    lines = ",\n".join(json.dumps(read(*case)) for case in cases)
    versions = {one.__name__: one.__version__ for one in [datasets, pandas, pyarrow]}
    with open(sys.argv[3] if len(sys.argv) > 3 else OUT, "w") as file:
        file.write(f'{{"versions": {json.dumps(versions)}, "cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
