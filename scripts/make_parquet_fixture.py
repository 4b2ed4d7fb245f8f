"""Writes preferences.parquet and preferences.json: parquet features that occur in preference datasets, and the rows.

    python scripts/make_parquet_fixture.py test/fixtures

Needs pyarrow; its version is written into the JSON file.
"""
import datetime
import json
import sys

import pyarrow as pa
import pyarrow.parquet as pq

FIXTURES = sys.argv[1]

message = pa.struct([("content", pa.string()), ("role", pa.string())])
schema = pa.schema([
    ("prompt", pa.string()), ("chosen", pa.list_(message)), ("rejected", pa.list_(message)), ("score", pa.float64()),
    ("votes", pa.int64()), ("rank", pa.int32()), ("good", pa.bool_()), ("tags", pa.list_(pa.string())),
    ("source", pa.struct([("name", pa.string()), ("year", pa.int16())])), ("day", pa.date32()), ("vector", pa.list_(pa.float32())),
])


def talk(prompt, answer):
    return [{"content": prompt, "role": "user"}, {"content": answer, "role": "assistant"}]


rows = [
    dict(prompt="What is 2 + 2?", chosen=talk("What is 2 + 2?", "4"), rejected=talk("What is 2 + 2?", "5"), score=7.5, votes=12, rank=1, good=True,
         tags=["maths", "short"], source={"name": "a", "year": 2024}, day=datetime.date(2025, 4, 5), vector=[0.5, -1.0]),
    dict(prompt="\ufeffNaïve 日本語 😀\r\n\x00", chosen=[], rejected=None, score=None, votes=2**53 + 1, rank=None, good=None, tags=[None, ""], source=None, day=None, vector=[]),
    dict(prompt="", chosen=[{"content": None, "role": "assistant"}], rejected=[None], score=-0.25, votes=-3, rank=-7, good=False, tags=None,
         source={"name": None, "year": None}, day=datetime.date(1969, 12, 31), vector=None),
]

pq.write_table(pa.Table.from_pylist(rows, schema=schema), f"{FIXTURES}/preferences.parquet", compression="zstd", row_group_size=2)
with open(f"{FIXTURES}/preferences.json", "w", encoding="utf-8") as f:
    json.dump(dict(made_by=f"pyarrow {pa.__version__}", rows=rows), f, ensure_ascii=False, indent=1, default=str)
    f.write("\n")
