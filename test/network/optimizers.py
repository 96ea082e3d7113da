"""What PyTorch's optimizers make of three weights in 20 steps, for test/network/optimizer.test.ts.

optimizers.py write   writes optimizers.json
optimizers.py check   fails where the PyTorch of this machine makes something else

PyTorch has neither LARS, LAMB nor the rule of AlexNet's paper: they are written out here, LARS from
algorithm 1 of You et al., 2017, with the rate outside of the momentum, LAMB from algorithm 2 of You
et al., 2020, both with timm's exception of weights without decay.
"""

import json
import sys
from pathlib import Path

import torch

GOLDENS = Path(__file__).with_name("optimizers.json")
SIZES = {"kernel": 35, "bias": 5, "gamma": 3}
STEPS = 20
BETAS = (0.9, 0.999)


def numbers(count, seed):
    """Those of numbers() in test/network/backends.ts."""
    state, values = seed * 2654435761, []
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        signed = state - 2**32 if state >= 2**31 else state
        values.append((signed >> 25) / 64)
    return torch.tensor(values)


def rate(lr, step):
    return lr * (1 + step % 4) / 4


class Caffe:
    """v = momentum v - lr (g + decay w), w += v: Krizhevsky et al., 2012, section 5."""

    def __init__(self, groups, momentum, nesterov=False):
        self.param_groups, self.momentum, self.nesterov = groups, momentum, nesterov
        self.velocities = [torch.zeros_like(group["params"][0]) for group in groups]

    @torch.no_grad()
    def step(self):
        for index, group in enumerate(self.param_groups):
            (w,) = group["params"]
            old = self.velocities[index]
            new = self.momentum * old - group["lr"] * (w.grad + group["weight_decay"] * w)
            # Caffe's sgd_solver and nesterov_solver.
            w += (1 + self.momentum) * new - self.momentum * old if self.nesterov else new
            self.velocities[index] = new


class Lars:
    def __init__(self, groups, momentum, nesterov, trust, eps):
        self.param_groups, self.momentum, self.nesterov = groups, momentum, nesterov
        self.trust, self.eps = trust, eps
        self.momenta = [torch.zeros_like(group["params"][0]) for group in groups]

    @torch.no_grad()
    def step(self):
        for group, m in zip(self.param_groups, self.momenta):
            (w,) = group["params"]
            decay = group["weight_decay"]
            g = w.grad + decay * w
            if decay != 0 and w.norm() > 0 and w.grad.norm() > 0:
                g = g * self.trust * w.norm() / (w.grad.norm() + decay * w.norm() + self.eps)
            m.copy_(self.momentum * m + g)
            w -= group["lr"] * (g + self.momentum * m if self.nesterov else m)


class Lamb:
    def __init__(self, groups, eps):
        self.param_groups, self.eps, self.steps = groups, eps, 0
        self.moments = [[torch.zeros_like(g["params"][0]) for _ in range(2)] for g in groups]

    @torch.no_grad()
    def step(self):
        self.steps += 1
        for group, moments in zip(self.param_groups, self.moments):
            (w,) = group["params"]
            m, v = moments
            m.copy_(BETAS[0] * m + (1 - BETAS[0]) * w.grad)
            v.copy_(BETAS[1] * v + (1 - BETAS[1]) * w.grad**2)
            mean = m / (1 - BETAS[0] ** self.steps)
            square = v / (1 - BETAS[1] ** self.steps)
            update = mean / (square.sqrt() + self.eps) + group["weight_decay"] * w
            adapts = group["weight_decay"] != 0 and w.norm() > 0 and update.norm() > 0
            trust = w.norm() / update.norm() if adapts else 1
            w -= group["lr"] * trust * update


# Our settings, the learning rate, and the optimizer of PyTorch with its arguments.
MAKE = {
    "sgd": lambda groups, s: torch.optim.SGD(
        groups, lr=1, momentum=s["momentum"], nesterov=s["nesterov"]
    ),
    "sgd-caffe": lambda groups, s: Caffe(groups, s["momentum"], s["nesterov"]),
    "rmsprop": lambda groups, s: torch.optim.RMSprop(
        groups, lr=1, momentum=s["momentum"], alpha=s["optAlpha"], eps=s["optEps"]
    ),
    "lars": lambda groups, s: Lars(
        groups, s["momentum"], s["nesterov"], s["optTrust"], s["optEps"]
    ),
    "adamw": lambda groups, s: torch.optim.AdamW(groups, lr=1, betas=BETAS, eps=s["optEps"]),
    "lamb": lambda groups, s: Lamb(groups, s["optEps"]),
}
PLAIN = {
    "momentum": 0,
    "nesterov": False,
    "weightDecay": 0,
    "decayBias": True,
    "biasLrScale": 1,
}
MOVING = {**PLAIN, "momentum": 0.9, "weightDecay": 0.1}
NESTEROV = {**MOVING, "nesterov": True}
CASES = {
    "sgd without momentum": (0.1, {**PLAIN, "opt": "sgd"}),
    "sgd with momentum and decay": (0.1, {**MOVING, "opt": "sgd"}),
    "sgd by Nesterov": (0.1, {**NESTEROV, "opt": "sgd"}),
    "sgd with decays of their own": (
        0.1,
        {**MOVING, "opt": "sgd", "biasWeightDecay": 0.3, "normWeightDecay": 0},
    ),
    "sgd without decay of biases and twice their rate": (
        0.1,
        {**MOVING, "opt": "sgd", "decayBias": False, "biasLrScale": 2},
    ),
    "sgd with clipped gradients": (0.1, {**MOVING, "opt": "sgd", "clipGradNorm": 1.5}),
    "sgd with gradients below the limit": (0.1, {**MOVING, "opt": "sgd", "clipGradNorm": 100}),
    "sgd-caffe": (0.1, {**MOVING, "opt": "sgd-caffe"}),
    "sgd-caffe by Nesterov": (0.1, {**NESTEROV, "opt": "sgd-caffe"}),
    "rmsprop": (0.01, {**PLAIN, "opt": "rmsprop", "optAlpha": 0.99, "optEps": 1e-8}),
    "rmsprop with momentum and decay": (
        0.01,
        {**MOVING, "opt": "rmsprop", "optAlpha": 0.9, "optEps": 0.0316},
    ),
    "lars": (2.0, {**MOVING, "opt": "lars", "optTrust": 0.01, "optEps": 1e-8}),
    "lars by Nesterov, with clipped gradients and without decay of biases": (
        0.5,
        {
            **NESTEROV,
            "opt": "lars",
            "decayBias": False,
            "optTrust": 0.02,
            "optEps": 1e-3,
            "clipGradNorm": 1.5,
        },
    ),
    "adamw": (0.05, {**PLAIN, "opt": "adamw", "weightDecay": 0.1, "optEps": 1e-8}),
    "adamw with clipped gradients": (
        0.05,
        {**PLAIN, "opt": "adamw", "weightDecay": 0.1, "optEps": 1e-3, "clipGradNorm": 1.5},
    ),
    "lamb": (0.05, {**PLAIN, "opt": "lamb", "weightDecay": 0.1, "optEps": 1e-6}),
    "lamb without decay of biases": (
        0.05,
        {**PLAIN, "opt": "lamb", "weightDecay": 0.1, "decayBias": False, "optEps": 1e-6},
    ),
}


def train(lr, settings):
    decays = {"kernel": settings["weightDecay"]}
    other = settings["weightDecay"] if settings["decayBias"] else 0
    decays["bias"] = settings.get("biasWeightDecay", other)
    decays["gamma"] = settings.get("normWeightDecay", other)
    weights = [
        torch.nn.Parameter(numbers(size, index)) for index, size in enumerate(SIZES.values())
    ]
    groups = [
        {"params": [w], "weight_decay": decays[kind]} for w, kind in zip(weights, SIZES)
    ]
    optimizer = MAKE[settings["opt"]](groups, settings)
    for step in range(STEPS):
        for index, w in enumerate(weights):
            w.grad = numbers(w.numel(), 100 * step + index)
        if "clipGradNorm" in settings:
            torch.nn.utils.clip_grad_norm_(weights, settings["clipGradNorm"])
        for group, kind in zip(optimizer.param_groups, SIZES):
            scale = settings["biasLrScale"] if kind == "bias" else 1
            group["lr"] = rate(lr, step) * scale
        optimizer.step()
    return [w.tolist() for w in weights]


def goldens():
    return {
        name: {"lr": lr, "settings": settings, "weights": train(lr, settings)}
        for name, (lr, settings) in CASES.items()
    }


def check():
    expected, found = json.loads(GOLDENS.read_text()), goldens()
    assert expected.keys() == found.keys()
    for name, case in found.items():
        for values, others in zip(expected[name]["weights"], case["weights"]):
            assert torch.allclose(torch.tensor(values), torch.tensor(others), 1e-5, 1e-6), name


if sys.argv[1:] == ["write"]:
    GOLDENS.write_text(json.dumps(goldens()))
elif sys.argv[1:] == ["check"]:
    check()
else:
    sys.exit(__doc__)
