"""Networks of timm with random weights, and what they answer.

timm_files.py DIRECTORY NAME SIDE: writes model.safetensors, pixels.u8 and logits.f32
"""
import sys
from pathlib import Path

import numpy
import timm
import torch
from safetensors.torch import save_file

directory, name, side = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
torch.manual_seed(0)
# Where the names differ: ours have the stride of the paper without a suffix.
model = timm.create_model(
    name.removesuffix("-torchvision").replace("-", "_"), pretrained=False, num_classes=10
).eval()
with torch.no_grad():
    for key, values in model.state_dict().items():
        if key.endswith("num_batches_tracked"):
            continue
        drawn = torch.rand_like(values) * 2 - 1
        if values.dim() > 1:
            values.copy_(drawn * (4 / values[0].numel()) ** 0.5)
        elif key.endswith("running_var") or (key.endswith("weight") and values.dim() == 1):
            values.copy_(1 + drawn / 2)
        else:
            values.copy_(drawn / 4)
    pixels = torch.randint(0, 256, (2, side, side, 3), dtype=torch.uint8)
    mean, std = (torch.tensor(model.pretrained_cfg[key]) for key in ("mean", "std"))
    images = (pixels / 255 - mean) / std
    logits = model(images.permute(0, 3, 1, 2))
save_file({key: value.contiguous() for key, value in model.state_dict().items()}, directory / "model.safetensors")
pixels.numpy().tofile(directory / "pixels.u8")
logits.numpy().astype(numpy.float32).tofile(directory / "logits.f32")
