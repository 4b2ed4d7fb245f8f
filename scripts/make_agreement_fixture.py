"""Writes test/fixtures/agreement.json: Wilson's intervals as statsmodels computes them, Cohen's kappa as scikit-learn does.

    python scripts/make_agreement_fixture.py

Needs statsmodels and scikit-learn (versions are written into the file).
"""

import json
import math
import os
import random
import warnings

import sklearn
import statsmodels
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.proportion import proportion_confint

TARGET = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "agreement.json")

COUNTS = [(0, 1), (1, 1), (0.5, 1), (0, 12), (12, 12), (7, 10), (17.5, 30), (55, 100), (501.5, 1000), (99999, 100000)]


def interval(count, n):
    low, high = proportion_confint(count, n, alpha=0.05, method="wilson")
    return {"count": count, "n": n, "interval": [float(low), float(high)]}


def kappa(one, other):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # both lists have one label: 0 / 0
        value = cohen_kappa_score(one, other)
    return {"one": one, "other": other, "kappa": None if math.isnan(value) else float(value)}


def labels():
    labels = ["first", "second", "neither"]
    random.seed(21)
    yield ["first"] * 4, ["first"] * 4
    yield ["first", "second"], ["second", "first"]
    yield ["first", "second", "neither"], ["first", "second", "neither"]
    yield ["first"] * 5, ["first"] * 4 + ["second"]
    for n in (3, 10, 40):
        one = [random.choice(labels) for _ in range(n)]
        yield one, [label if random.random() < 0.6 else random.choice(labels) for label in one]


content = {
    "made_by": {"statsmodels": statsmodels.__version__, "scikit-learn": sklearn.__version__},
    "intervals": [interval(count, n) for count, n in COUNTS],
    "kappas": [kappa(one, other) for one, other in labels()],
}
with open(TARGET, "w") as file:
    json.dump(content, file, indent=1)
    file.write("\n")
