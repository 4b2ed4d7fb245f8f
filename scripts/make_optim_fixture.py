"""Writes test/fixtures/optim.json: optimizers, gradient clipping, decay groups and schedules as torch and transformers compute them.

    python scripts/make_optim_fixture.py test/fixtures/optim.json

Needs torch, transformers, peft and bitsandbytes; their versions are written into the file.
"""
import base64
import json
import sys

import bitsandbytes
import peft
import torch
import transformers
from bitsandbytes.functional import create_dynamic_map
from peft import LoraConfig, get_peft_model
from transformers import GPT2Config, GPT2LMHeadModel, Trainer
from transformers.optimization import Adafactor, get_scheduler


def adamw_case(seed, learning_rate, beta1, beta2, eps, weight_decay, steps=4, sizes=(5, 3)):
    """Two tensors, the second without decay; gradients of very different sizes, so that eps and corrections matter."""
    g = torch.Generator().manual_seed(seed)
    params = [torch.nn.Parameter(torch.randn(n, generator=g)) for n in sizes]
    groups = [dict(params=[params[0]], weight_decay=weight_decay), dict(params=[params[1]], weight_decay=0.0)]
    optimizer = torch.optim.AdamW(groups, lr=learning_rate, betas=(beta1, beta2), eps=eps, fused=False, foreach=False)
    initial = [p.detach().tolist() for p in params]
    trace = []
    for step in range(steps):
        for p in params:
            p.grad = torch.randn(p.shape, generator=g) * 10.0 ** (-2 * step)
        grads = [p.grad.tolist() for p in params]
        optimizer.step()
        state = [optimizer.state[p] for p in params]
        trace.append(dict(grads=grads, params=[p.detach().tolist() for p in params],
                          exp_avg=[s["exp_avg"].tolist() for s in state], exp_avg_sq=[s["exp_avg_sq"].tolist() for s in state]))
    return dict(learning_rate=learning_rate, beta1=beta1, beta2=beta2, eps=eps, weight_decay=[weight_decay, 0.0], initial=initial, trace=trace)


def packed(tensor):
    """Little-endian bytes in base64: float32, or 8-bit codes."""
    return base64.b64encode(tensor.detach().contiguous().numpy().tobytes()).decode()


def optimizer_case(optim, make, seed, learning_rate, optim_args="", weight_decay=0.1, shapes=((6, 5), (7,)), steps=4):
    """A matrix with decay and a vector without, and gradients, all drawn with torch's uniform_(-1, 1)."""
    g = torch.Generator().manual_seed(seed)
    params = [torch.nn.Parameter(torch.empty(shape).uniform_(-1, 1, generator=g)) for shape in shapes]
    optimizer = make([dict(params=[params[0]], weight_decay=weight_decay), dict(params=[params[1]], weight_decay=0.0)], learning_rate)
    for step in range(steps):
        for p in params:
            p.grad = torch.empty(p.shape).uniform_(-1, 1, generator=g) * 10.0 ** -step
        optimizer.step()
    arrays = lambda state: {k: packed(v) for k, v in state.items() if torch.is_tensor(v) and v.dim() > 0 and not k.startswith("qmap")}
    return dict(optim=optim, optim_args=optim_args, learning_rate=learning_rate, weight_decay=[weight_decay, 0.0], seed=seed, steps=steps,
                shapes=shapes, params=[packed(p) for p in params], state=[arrays(optimizer.state[p]) for p in params])


def sgd(**kwargs):
    return lambda groups, lr: torch.optim.SGD(groups, lr=lr, foreach=False, **kwargs)


def clip_case(seed, max_norm):
    g = torch.Generator().manual_seed(seed)
    params = [torch.nn.Parameter(torch.zeros(n)) for n in (4, 6)]
    for p in params:
        p.grad = torch.randn(p.shape, generator=g)
    grads = [p.grad.tolist() for p in params]
    norm = torch.nn.utils.clip_grad_norm_(params, max_norm).item()
    return dict(max_norm=max_norm, grads=grads, norm=norm, clipped=[p.grad.tolist() for p in params])


def decay_names():
    """Every parameter of a GPT-2 of one layer, alone and with LoRA, and whether Trainer applies weight decay to it."""
    result = {}
    model = GPT2LMHeadModel(GPT2Config(vocab_size=8, n_positions=4, n_embd=4, n_layer=1, n_head=1))
    lora = lambda: get_peft_model(GPT2LMHeadModel(model.config), LoraConfig(r=2, target_modules=["c_attn", "c_proj"], fan_in_fan_out=True))
    for m in (model, lora()):
        decayed = set(Trainer.get_decay_parameter_names(None, m))
        for name, p in m.named_parameters():
            if p.requires_grad:
                result[name.replace(".default.", ".")] = name in decayed
    return result


def schedule_case(name, warmup, total, learning_rate=3e-4, **kwargs):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=learning_rate)
    scheduler = get_scheduler(name, optimizer, num_warmup_steps=warmup, num_training_steps=total, scheduler_specific_kwargs=kwargs or None)
    values = []
    for _ in range(total + 2):
        values.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return dict(lr_scheduler_type=name, warmup_steps=warmup, trainingSteps=total, learning_rate=learning_rate, lr_scheduler_kwargs=kwargs, values=values)


def adaptive_case(name, learning_rate=0.01, metrics=40, seed=0, start=1.0, **kwargs):
    """The learning rate after each evaluation; metrics wander, improve and plateau."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=learning_rate)
    scheduler = get_scheduler(name, optimizer, scheduler_specific_kwargs=kwargs or None)
    g = torch.Generator().manual_seed(seed)
    values, rates, value = [], [], start
    for i in range(metrics):
        value += (torch.rand(1, generator=g).item() - (0.75 if i // 8 % 2 == 0 else 0.4)) * 0.05
        values.append(value)
        scheduler.step(value)
        rates.append(optimizer.param_groups[0]["lr"])
    return dict(lr_scheduler_type=name, learning_rate=learning_rate, lr_scheduler_kwargs=kwargs, metrics=values, rates=rates)


def rmsprop(**kwargs):
    return lambda groups, lr: torch.optim.RMSprop(groups, lr=lr, foreach=False, **kwargs)


def adagrad(**kwargs):
    return lambda groups, lr: torch.optim.Adagrad(groups, lr=lr, foreach=False, **kwargs)


fixture = dict(
    maker="scripts/make_optim_fixture.py",
    versions={m.__name__: m.__version__ for m in (torch, transformers, peft, bitsandbytes)},
    adamw=[adamw_case(1, 1e-3, 0.9, 0.999, 1e-8, 0.0), adamw_case(2, 2e-2, 0.8, 0.95, 1e-3, 0.1)],
    optimizers=[
        optimizer_case("sgd", sgd(), 6, 0.05),
        optimizer_case("sgd", sgd(momentum=0.9, dampening=0.3), 7, 0.05, "momentum=0.9,dampening=0.3"),
        optimizer_case("sgd", sgd(momentum=0.8, nesterov=True), 8, 0.05, "momentum=0.8, nesterov=true"),
        optimizer_case("adafactor", lambda groups, lr: Adafactor(groups, lr=lr, scale_parameter=False, relative_step=False), 9, 0.02),
        optimizer_case("adamw_8bit", lambda groups, lr: bitsandbytes.optim.AdamW(groups, lr=lr, optim_bits=8), 10, 0.02, shapes=((17, 241), (7,)), steps=3),
        optimizer_case("rmsprop", rmsprop(), 12, 0.01, steps=20),
        optimizer_case("rmsprop", rmsprop(momentum=0.9, alpha=0.95, eps=1e-4, centered=True), 13, 0.01, "momentum=0.9,alpha=0.95,eps=1e-4,centered=True", steps=20),
        optimizer_case("adagrad", adagrad(), 14, 0.05, steps=20),
        optimizer_case("adagrad", adagrad(lr_decay=0.1, eps=1e-3), 15, 0.05, "lr_decay=0.1,eps=1e-3", steps=20),
        optimizer_case("lion_32bit", lambda groups, lr: bitsandbytes.optim.Lion(groups, lr=lr, betas=(0.9, 0.999), optim_bits=32), 16, 0.01, steps=20),
        optimizer_case("paged_adamw_32bit", lambda groups, lr: bitsandbytes.optim.AdamW(groups, lr=lr, optim_bits=32), 11, 0.02, shapes=((3, 4), (7,))),
    ],
    dynamic_codes=dict(signed=packed(create_dynamic_map(signed=True)), unsigned=packed(create_dynamic_map(signed=False))),
    clip=[clip_case(3, 1.0), clip_case(4, 100.0), clip_case(5, 0.01)],
    decays=decay_names(),
    adaptive=[
        adaptive_case("reduce_lr_on_plateau", patience=1), adaptive_case("reduce_lr_on_plateau", seed=1, patience=0, factor=0.5, cooldown=2, min_lr=1e-3),
        adaptive_case("reduce_lr_on_plateau", seed=2, mode="max", patience=2, threshold=0.01, threshold_mode="abs", factor=0.7, eps=1e-4),
        adaptive_case("reduce_lr_on_plateau", seed=3, mode="max", patience=1, factor=0.3, threshold=0.02), adaptive_case("greedy", seed=4, patience=2),
        adaptive_case("greedy", seed=5, patience=1, factor=0.8, warmup=1, cooldown=2, max_lr=0.02, min_lr=0.005, reset_start=2, threshold_mode="rel"),
        adaptive_case("greedy", seed=6, mode="max", patience=0, factor=0.6, min_lr=1e-4, smooth=True, window_size=3, reset_start=1),
    ],
    schedules=[
        schedule_case("linear", 0, 7), schedule_case("linear", 9, 7), schedule_case("cosine", 2, 12, num_cycles=1.25),
        schedule_case("cosine_with_restarts", 1, 12), schedule_case("polynomial", 2, 9), schedule_case("polynomial", 0, 9, power=3.0, lr_end=1e-5),
        schedule_case("inverse_sqrt", 0, 6), schedule_case("inverse_sqrt", 2, 8, timescale=5), schedule_case("constant_with_warmup", 3, 6),
        schedule_case("cosine_with_min_lr", 2, 9, min_lr_rate=0.2, num_cycles=0.7), schedule_case("cosine_warmup_with_min_lr", 3, 9, min_lr=1e-5),
        schedule_case("cosine_warmup_with_min_lr", 3, 9, min_lr_rate=0.1, warmup_lr_rate=0.3),
        schedule_case("warmup_stable_decay", 3, 12, num_decay_steps=4, min_lr_ratio=0.1, warmup_type="cosine", decay_type="linear"),
        schedule_case("warmup_stable_decay", 3, 12, num_decay_steps=4, num_stable_steps=2, warmup_type="1-sqrt", decay_type="1-sqrt"),
    ],
)
with open(sys.argv[1], "w") as f:
    json.dump(fixture, f, indent=1)
    f.write("\n")
