"""What PyTorch's schedulers make of a learning rate, for test/train/schedulers.test.ts.

schedulers.py write   writes schedulers.json
schedulers.py check   fails where the PyTorch of this machine makes something else

Six epochs of ten steps. PyTorch counts what a scheduler is stepped by: by step here for the cosine, the
polynomial and the cycle, whose rates change within an epoch, by epoch for the others.
"""

import json
import math
import sys
from pathlib import Path

import torch
from torch.optim import lr_scheduler

GOLDENS = Path(__file__).with_name("schedulers.json")
LR, EPOCHS, STEPS = 0.1, 6, 10
ALL = EPOCHS * STEPS


def optimizer(**options):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LR, momentum=0.9, **options)


def rates(make, *, by="step", key="lr", adam=False):
    weights = [torch.nn.Parameter(torch.zeros(1))]
    if adam:
        updates = torch.optim.AdamW(weights, lr=LR)
    else:
        updates = torch.optim.SGD(weights, lr=LR, momentum=0.9)
    scheduler = make(updates)
    found = []
    for step in range(ALL):
        (group,) = updates.param_groups
        found.append(group["betas"][0] if key == "betas" else group[key])
        updates.step()
        ends = (step + 1) % STEPS == 0
        if step + 1 < ALL and (by == "step" or ends):
            scheduler.step()
    return found


def warmed(warmup, after, steps):
    """torchvision's references: a warm-up, then the other scheduler."""
    return lambda updates: lr_scheduler.SequentialLR(
        updates, [warmup(updates), after(updates)], milestones=[steps]
    )


def linear(steps, start):
    return lambda updates: lr_scheduler.LinearLR(updates, start, total_iters=steps)


def constant(steps, factor):
    return lambda updates: lr_scheduler.ConstantLR(updates, factor, total_iters=steps)


def cosine(steps, least=0):
    return lambda updates: lr_scheduler.CosineAnnealingLR(updates, steps, eta_min=least)


def poly(steps, power):
    return lambda updates: lr_scheduler.PolynomialLR(updates, steps, power)


def cycle(**options):
    return lambda updates: lr_scheduler.OneCycleLR(
        updates, max_lr=LR, total_steps=ALL, **options
    )


ONE = {"lrScheduler": "onecycle"}
CASES = {
    "StepLR": (
        {"lrScheduler": "step", "lrStepSize": 2},
        lambda: rates(lambda u: lr_scheduler.StepLR(u, 2, 0.1), by="epoch"),
    ),
    "MultiStepLR": (
        {"lrScheduler": "multistep", "lrMilestones": [1, 4], "lrGamma": 0.5},
        lambda: rates(lambda u: lr_scheduler.MultiStepLR(u, [1, 4], 0.5), by="epoch"),
    ),
    "ExponentialLR": (
        {"lrScheduler": "exponential", "lrGamma": 0.7},
        lambda: rates(lambda u: lr_scheduler.ExponentialLR(u, 0.7), by="epoch"),
    ),
    "CosineAnnealingLR": (
        {"lrScheduler": "cosine", "lrMin": 0.01},
        lambda: rates(cosine(ALL, 0.01)),
    ),
    "PolynomialLR": (
        {"lrScheduler": "poly", "lrPower": 2},
        lambda: rates(poly(ALL, 2)),
    ),
    "LinearLR, then CosineAnnealingLR": (
        {
            "lrScheduler": "cosine",
            "lrWarmupSteps": 20,
            "lrWarmupMethod": "linear",
            # Ours begins with 1/20 and has the whole rate in the 20th step, PyTorch's after its steps.
            "lrWarmupDecay": 0,
        },
        lambda: rates(warmed(linear(19, 0.05), cosine(ALL - 20), 20)),
    ),
    "LinearLR from a hundredth, then CosineAnnealingLR": (
        {"lrScheduler": "cosine", "lrWarmupSteps": 20, "lrWarmupDecay": 0.01},
        lambda: rates(warmed(linear(19, 0.01 + 0.99 / 20), cosine(ALL - 20), 20)),
    ),
    "ConstantLR, then PolynomialLR": (
        {
            "lrScheduler": "poly",
            "lrWarmupSteps": 10,
            "lrWarmupMethod": "constant",
            "lrWarmupDecay": 0.2,
        },
        lambda: rates(warmed(constant(11, 0.2), poly(ALL - 10, 1), 10)),
    ),
    "OneCycleLR": (ONE, lambda: rates(cycle())),
    "momentum of OneCycleLR": (ONE, lambda: rates(cycle(), key="momentum")),
    "other momentum of OneCycleLR": (
        {**ONE, "baseMomentum": 0.7, "maxMomentum": 0.9},
        lambda: rates(cycle(base_momentum=0.7, max_momentum=0.9), key="momentum"),
    ),
    "first beta of OneCycleLR": (ONE, lambda: rates(cycle(), key="betas", adam=True)),
    "OneCycleLR to a least rate": (
        {**ONE, "lrMin": 0.002},
        lambda: rates(cycle(final_div_factor=LR / 25 / 0.002)),
    ),
}

# Accuracies after each epoch, in which there are small gains, equal ones and losses.
ACCURACIES = [10, 20, 20.001, 20.0021, 19, 21, 21, 21, 21, 20, 30, 30.001, 30.002, 30.0031, 29, 28]


def plateau(patience, least):
    (updates, found) = (optimizer(), [])
    scheduler = lr_scheduler.ReduceLROnPlateau(
        updates, mode="max", factor=0.1, patience=patience, min_lr=least, eps=0
    )
    for accuracy in ACCURACIES:
        scheduler.step(accuracy)
        found.append(updates.param_groups[0]["lr"])
    return found


PLATEAUS = [(0, 0), (1, 0), (2, 0), (1, 0.005)]


def goldens():
    return {
        "schedules": {
            name: {"settings": settings, "values": make()}
            for name, (settings, make) in CASES.items()
        },
        "accuracies": ACCURACIES,
        "plateaus": [
            {"patience": patience, "lrMin": least, "rates": plateau(patience, least)}
            for patience, least in PLATEAUS
        ],
    }


def rounded(value):
    """Nine digits, which are more than a float32 has."""
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


def same(one, other):
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return math.isclose(one, other, rel_tol=1e-7, abs_tol=1e-12)
    return one == other


if sys.argv[1:] == ["write"]:
    GOLDENS.write_text(json.dumps(rounded(goldens())))
elif sys.argv[1:] == ["check"]:
    assert same(json.loads(GOLDENS.read_text()), rounded(goldens()))
else:
    sys.exit(__doc__)
