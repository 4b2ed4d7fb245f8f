"""Writes test/fixtures/numbers.json: rows of JSON and parquet files as Python's datasets reads them: types of columns,
order of keys, values of mixed types.

    python scripts/make_numbers_fixture.py

Needs datasets and pyarrow (versions are written into the file).
"""

import base64
import io
import json
import os
import tempfile

import datasets
import pyarrow
import pyarrow.parquet

TARGET = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "numbers.json")

FILES = {
    "ints and floats of a field": ['{"a":{"x":1}}', '{"a":{"x":2.5}}', '{"a":{"x":-3}}'],
    "a float without a fraction": ['{"a":{"x":50.0,"y":1e16,"w":1E2,"v":0.00001,"u":1e-7}}'],
    "large ints": ['{"a":{"x":1234567890123456789,"y":-9007199254740993,"z":9007199254740993}}'],
    "beyond int64": ['{"a":{"x":12345678901234567890}}', '{"a":{"x":1}}'],
    "keys that look like integers": ['{"a":{"b":1,"10":2,"2":3,"01":4}}', '{"a":{"b":5,"10":6,"2":7,"01":8}}'],
    "keys in another order": ['{"a":{"x":1,"y":50.0}}', '{"a":{"y":2,"x":3}}', '{"a":{"x":1,"y":null}}'],
    "other keys": ['{"a":{"x":1,"z":50.0}}', '{"a":{"y":2,"x":2.5}}'],
    "other keys below": ['{"a":{"f":{"x":1.0,"5":1},"n":1}}', '{"a":{"f":{"y":[1,2.0]},"n":2.0}}'],
    "objects of a list": ['{"m":[{"r":"u","n":1},{"r":"a","n":2.0}]}', '{"m":[{"r":"u","n":3}]}', '{"m":[]}'],
    "objects of a list with other keys": ['{"m":[{"r":"u","n":1},{"r":"a","t":2.0}]}'],
    "text or object": ['{"m":{"a":"{\\"x\\": 1.0, \\"2\\": 3}"}}', '{"m":{"a":{"x":2}}}', '{"m":{"a":"not JSON"}}'],
    "text or number": ['{"a":{"x":"1"}}', '{"a":{"x":2}}'],
    "truth or number": ['{"a":{"x":true}}', '{"a":{"x":2}}'],
    "a mixed list": ['{"a":[1,"b",2.0]}', '{"a":["3.0"]}'],
    "numbers of a list": ['{"a":[1,2]}', '{"a":[1.5]}', '{"a":[]}'],
    "lists of lists": ['{"a":[[1,2],[3.0]]}'],
    "nulls": ['{"a":null,"b":{"x":null,"y":1}}', '{"a":{"x":1.0},"b":{"x":1.5,"y":2}}', '{"a":{"x":null},"b":null}'],
    "columns": ['{"a":1,"b":50.0}', '{"a":2.5}', '{"b":7}'],
    "names of JavaScript's": ['{"constructor":{"toString":1.0},"toString":"x","valueOf":2}', '{"constructor":{"toString":2},"toString":"y","valueOf":3.0}'],
    "empty objects": ['{"a":{"x":{}}}', '{"a":{"x":{}}}'],
    "empty, then not": ['{"a":{"x":{}}}', '{"a":{"x":{"k":1.0}}}'],
    "tools": ['{"tools":[{"name":"pay","p":{"amount":{"default":1.0,"minimum":0}}}]}', '{"tools":[{"name":"look","p":{"city":{"default":"x"}}}]}'],
    "escapes": ['{"a":{"x":"\\u00e9 \\ud83d\\ude00 1.0 : 5.0, \\"2\\": 3","y":1.0}}'],
}

TABLES = {
    "floats": dict(a=[dict(x=50.0, y=1, s="t")], b=[1.0], c=[[1.0, 2.5]], d=[1234567890123456789]),
    "keys that look like integers": dict(a=[{"b": 1, "10": 2.0, "2": 3}]),
    "nulls": dict(a=[dict(x=None, y=1.0), None, dict(x=2, y=None)]),
}


def rows_of(path, kind, folder):
    rows = datasets.load_dataset(kind, data_files=path, split="train", cache_dir=os.path.join(folder, "cache"))
    return [repr(row) for row in rows]


def main():
    datasets.disable_progress_bars()
    files = []
    for name, lines in FILES.items():
        for layout in ("lines", "list"):
            text = "\n".join(lines) + "\n" if layout == "lines" else "[" + ",\n".join(lines) + "]\n"
            folder = tempfile.mkdtemp()
            path = os.path.join(folder, "t.json")
            with open(path, "w") as file:
                file.write(text)
            try:
                files.append(dict(name=f"{name} ({layout})", text=text, rows=rows_of(path, "json", folder)))
            except Exception as error:
                print(name, layout, type(error).__name__, str(error)[:100])
    tables = []
    for name, columns in TABLES.items():
        buffer = io.BytesIO()
        pyarrow.parquet.write_table(pyarrow.table(columns), buffer)
        folder = tempfile.mkdtemp()
        path = os.path.join(folder, "t.parquet")
        with open(path, "wb") as file:
            file.write(buffer.getvalue())
        tables.append(dict(name=name, bytes=base64.b64encode(buffer.getvalue()).decode(), rows=rows_of(path, "parquet", folder)))
    folder = tempfile.mkdtemp()
    with open(os.path.join(folder, "t.jsonl"), "w") as file:
        file.write("\n".join(FILES["other keys below"]) + "\n")
    path = os.path.join(folder, "t.parquet")
    datasets.load_dataset("json", data_files=os.path.join(folder, "t.jsonl"), split="train", cache_dir=folder).to_parquet(path)
    with open(path, "rb") as file:
        tables.append(dict(name="Json", bytes=base64.b64encode(file.read()).decode(), rows=rows_of(path, "parquet", folder)))
    fixture = dict(made_by="scripts/make_numbers_fixture.py", versions={m.__name__: m.__version__ for m in (datasets, pyarrow)},
                   files=files, tables=tables)
    with open(TARGET, "w") as file:
        file.write(json.dumps(fixture, separators=(",", ":")).replace('},{"name"', '},\n{"name"') + "\n")


main()
