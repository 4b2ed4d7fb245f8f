"""Writes test/fixtures/recipe-losses.json: values and gradients of the losses that recipes name, by torch in float64.

    python scripts/make_recipe_losses_fixture.py        (needs: torch)

rpo: TRL 0.9 to 0.29, dpo_trainer.py: -logsigmoid(beta * logits) + rpo_alpha * nll_loss, where nll_loss is the mean
negative log-likelihood of all chosen tokens of the batch. sppo: uclaml/SPPO, sppo/trainer.py (sppo_loss).
simpo: princeton-nlp/SimPO, scripts/simpo_trainer.py (simpo_loss, and sft_weight in get_batch_loss_metrics).
The inputs are sums of log-probabilities per answer, so that the test needs no model.
"""
import json, os

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
INPUTS = {
    "chosenLogps": [-20.5, -31.25, -8.5, -40.75],
    "rejectedLogps": [-22.25, -28.5, -9.25, -35.5],
    "referenceChosen": [-21.75, -30.125, -8.875, -43.5],
    "referenceRejected": [-21.5, -29.625, -7.125, -36.875],
    "chosenLength": [11, 17, 3, 25],
    "rejectedLength": [12, 9, 5, 20],
    "chosenWins": [0.9, 0.75, 0.5, 1.0],
    "rejectedWins": [0.25, 0.5, 0.0, 0.375],
}


def rpo(x, beta, rpo_alpha):
    logits = (x["chosenLogps"] - x["rejectedLogps"]) - (x["referenceChosen"] - x["referenceRejected"])
    nll_loss = -x["chosenLogps"].sum() / x["chosenLength"].sum()  # cross entropy of all chosen tokens, reduction mean
    return (-F.logsigmoid(beta * logits) + rpo_alpha * nll_loss).mean()


def sppo(x, beta):
    logits_w = x["chosenLogps"] - x["referenceChosen"]
    logits_l = x["rejectedLogps"] - x["referenceRejected"]
    loss_w = (logits_w - (1 / beta) * (x["chosenWins"] - 0.5)) ** 2
    loss_l = (logits_l - (1 / beta) * (x["rejectedWins"] - 0.5)) ** 2
    return ((loss_w + loss_l) / 2).mean()


def simpo(x, beta, gamma_beta_ratio, sft_weight):
    pi_logratios = x["chosenLogps"] / x["chosenLength"] - x["rejectedLogps"] / x["rejectedLength"]
    loss = -F.logsigmoid(beta * (pi_logratios - gamma_beta_ratio)).mean()
    if sft_weight > 0.0:
        loss = sft_weight * (-x["chosenLogps"].sum() / x["chosenLength"].sum()) + loss
    return loss


CASES = [
    ("rpo", rpo, {"loss_type": "rpo", "beta": 0.1, "rpo_alpha": 1.0}),
    ("rpo", rpo, {"loss_type": "rpo", "beta": 0.01, "rpo_alpha": 0.005}),
    ("sppo", sppo, {"loss_type": "sppo", "beta": 0.001}),
    ("sppo", sppo, {"loss_type": "sppo", "beta": 0.3}),
    ("simpo", simpo, {"beta": 2.5, "gamma_beta_ratio": 0.55, "sft_weight": 0.0}),
    ("simpo", simpo, {"beta": 10.0, "gamma_beta_ratio": 0.3, "sft_weight": 0.2}),
]

cases = []
for name, loss, keys in CASES:
    x = {key: torch.tensor(values, dtype=torch.float64) for key, values in INPUTS.items()}
    for key in ("chosenLogps", "rejectedLogps"):
        x[key].requires_grad_()
    value = loss(x, **{key: number for key, number in keys.items() if key != "loss_type"})
    value.backward()
    gradients = {key: x[key].grad.tolist() for key in ("chosenLogps", "rejectedLogps")}
    cases.append({"name": name, "keys": keys, "loss": value.item(), "gradients": gradients})

made = {"maker": "scripts/make_recipe_losses_fixture.py", "versions": {"torch": torch.__version__.split("+")[0]}}
path = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "recipe-losses.json")
with open(path, "w") as file:
    json.dump({**made, "inputs": INPUTS, "cases": cases}, file, indent=1)
    file.write("\n")
