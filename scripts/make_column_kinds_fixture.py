"""Writes test/fixtures/column-kinds.json: columns of parquet files by kind, and what a chat template prints of them as
Python's datasets reads them, and transformers passes them to a template.

    python scripts/make_column_kinds_fixture.py

Needs datasets, pyarrow, pandas, transformers and jinja2 (versions are written into the file).
"""

import base64
import datetime as dt
import decimal
import json
import os
import tempfile

import datasets
import jinja2
import pyarrow as pa
import pyarrow.parquet as pq
import transformers
from transformers.utils.chat_template_utils import render_jinja_template

TARGET = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "column-kinds.json")
D = decimal.Decimal
MOMENT = dt.datetime(2020, 1, 2, 3, 4, 5)

COLUMNS = {
    "date32": pa.array([dt.date(2020, 1, 1), dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(1969, 12, 31), None], pa.date32()),
    "date64": pa.array([dt.date(2020, 1, 1)], pa.date64()),
    "seconds": pa.array([MOMENT, MOMENT.replace(second=0), MOMENT.replace(hour=0, minute=0, second=0)], pa.timestamp("s")),
    "milliseconds": pa.array([MOMENT.replace(microsecond=6000)], pa.timestamp("ms")),
    "microseconds": pa.array([MOMENT.replace(microsecond=678901), dt.datetime(1960, 1, 1, 0, 0, 0, 1)], pa.timestamp("us")),
    "nanoseconds": pa.array([1577934245678901234, 1577934245678901000, 1577934245000000000, -1, 1577934245000000007], pa.timestamp("ns")),
    "microseconds of UTC": pa.array([MOMENT.replace(microsecond=678901)], pa.timestamp("us", tz="UTC")),
    "milliseconds of UTC": pa.array([MOMENT], pa.timestamp("ms", tz="UTC")),
    "nanoseconds of UTC": pa.array([1577934245678901234, 1577934245000000000], pa.timestamp("ns", tz="UTC")),
    "microseconds of Berlin": pa.array([MOMENT, None], pa.timestamp("us", tz="Europe/Berlin")),
    "nanoseconds of Tokyo": pa.array([1577934245678901234], pa.timestamp("ns", tz="Asia/Tokyo")),
    "seconds of an offset": pa.array([MOMENT], pa.timestamp("s", tz="-05:30")),
    "durations": pa.array([dt.timedelta(days=1, microseconds=2), dt.timedelta(-1), None], pa.duration("us")),
    "durations of seconds": pa.array([dt.timedelta(days=1)], pa.duration("s")),
    "durations of nanoseconds": pa.array([dt.timedelta(days=1)], pa.duration("ns")),
    "durations in lists and structs": pa.array([[{"n": 1, "d": dt.timedelta(1), "l": ["a"]}], [], None], pa.list_(pa.struct([("n", pa.int64()), ("d", pa.duration("ms")), ("l", pa.list_(pa.string()))]))),
    "time32": pa.array([dt.time(1, 2, 3, 4000), dt.time(0, 0), dt.time(23, 59, 59)], pa.time32("ms")),
    "time64": pa.array([dt.time(1, 2, 3, 4567), dt.time(1, 2)], pa.time64("us")),
    "decimals": pa.array([D("1.50"), D("-0.05"), D("0.00"), D("12345678.90"), None], pa.decimal128(10, 2)),
    "whole decimals": pa.array([D("12345678901234567890"), D("-1"), D("0")], pa.decimal128(38, 0)),
    "small decimals": pa.array([D("0.00000001"), D("0.00000012"), D("0.00000123"), D("0.00000000"), D("-1.00000000")], pa.decimal128(12, 8)),
    "large decimals": pa.array([D("123456789012345678901234567890.12345")], pa.decimal256(50, 5)),
    "bytes": pa.array([b"a\x00\xff'", b"abc", b"", b"'\"\\\t\r\n\x7f~", b'"'], pa.binary()),
    "large bytes": pa.array([b"abc"], pa.large_binary()),
    "fixed bytes": pa.array([b"abc", None], pa.binary(3)),
    "views": pa.array(["abc", None], pa.string_view()),
    "bytes of no text": pa.array([b"\x89PNG", b"\xff"], pa.binary()),
    "large texts": pa.array(["abc"], pa.large_string()),
    "large lists": pa.array([[[1.0]], [None], []], pa.large_list(pa.list_(pa.float64()))),
    "fixed lists": pa.array([[1, 2], None], pa.list_(pa.int64(), 2)),
    "a dictionary": pa.array(["x", "y", "x", None]).dictionary_encode(),
    "structs and lists": pa.array(
        [{"d": dt.date(2020, 1, 1), "n": [D("1.50"), None], "b": b"x"}, None],
        pa.struct([("d", pa.date32()), ("n", pa.list_(pa.decimal128(5, 2))), ("b", pa.binary())]),
    ),
    "lists of structs": pa.array([[{"t": dt.time(1, 2), "s": MOMENT}], []], pa.list_(pa.struct([("t", pa.time64("us")), ("s", pa.timestamp("us"))]))),
    "float16": pa.array([1.5], pa.float16()),
    "float32": pa.array([0.1, -0.0, float("inf"), float("nan"), 1e20]).cast(pa.float32()),
    "float64": pa.array([-0.0, 1e400, 1e22, float("nan"), 50.0]),
    "uint64": pa.array([2**64 - 1, 1], pa.uint64()),
    "int8": pa.array([-3], pa.int8()),
    "truth": pa.array([True, None]),
}
TEMPLATES = ["{{ x }}", "{{ [x] }}", "{{ {'k': x} }}", "{{ x ~ '' }}", "{{ x | string }}", "{{ x | tojson }}"]


def render(template, x):
    return render_jinja_template([[{"role": "user", "content": "q"}]], chat_template=template, x=x)[0][0]


def main():
    datasets.disable_progress_bars()
    files = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, column in COLUMNS.items():
            path = os.path.join(folder, "x.parquet")
            pq.write_table(pa.table({"x": column}), path)
            rows = datasets.load_dataset("parquet", data_files=path, split="train", cache_dir=os.path.join(folder, name))
            texts = [[render(one, row["x"]) for one in TEMPLATES] for row in rows]
            with open(path, "rb") as file:
                files[name] = {"bytes": base64.b64encode(file.read()).decode(), "texts": texts}
    versions = {"datasets": datasets.__version__, "pyarrow": pa.__version__, "transformers": transformers.__version__, "jinja2": jinja2.__version__}
    with open(TARGET, "w") as file:
        json.dump({"versions": versions, "templates": TEMPLATES, "files": files}, file, indent=1)
        file.write("\n")


main()
