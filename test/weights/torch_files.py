"""Files of torch.save for the tests of the reader, and a reader of what ours writes.

write DIRECTORY: writes files and expected.json, {file: {tensor: [shape, numbers]}}.
compare PTH SAFETENSORS NAME: loads a safetensors file into torchvision's network NAME and fails
                unless it is the state_dict of the other file.
"""
import json
import struct
import sys
from collections import OrderedDict
from pathlib import Path

import torch
import torchvision
from torch import nn


def tensors():
    torch.manual_seed(0)
    numbers = torch.randn(4, 3, 2, 2)
    base = torch.arange(24.0)
    return OrderedDict(
        float=numbers,
        half=numbers.half(),
        brain=numbers.to(torch.bfloat16),
        double=numbers.double(),
        long=torch.tensor([[-3, 7]]),
        channels_last=numbers.contiguous(memory_format=torch.channels_last),
        transposed=numbers[:, :, 0, 0].t(),
        every_other=base[1::2],
        view=base.view(4, 6)[1:3, 2:5],
        scalar=torch.tensor(2.5),
        empty=torch.zeros(0, 3),
        parameter=nn.Parameter(numbers[0]),
    )


def write(directory):
    small = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    parallel = {f"module.{name}": value for name, value in small.state_dict().items()}
    optimizer = torch.optim.SGD(small.parameters(), lr=0.1, momentum=0.9)
    small(torch.randn(2, 3, 8, 8)).sum().backward()
    optimizer.step()
    checkpoint = dict(epoch=90, best=71.5, arch="small", optimizer=optimizer.state_dict())
    files = {
        "types.pth": tensors(),
        "module.pth": small.state_dict(),
        "parallel.pth": parallel,
        "state_dict.pth": dict(checkpoint, state_dict=parallel, notes=[None, True, (1, 2)]),
        "model.pth": dict(checkpoint, model=small.state_dict()),
    }
    expected = {}
    for file, value in files.items():
        torch.save(value, directory / file)
        state = value.get("state_dict", value.get("model", value))
        expected[file] = {
            name.replace("module.", ""): [list(tensor.shape), tensor.double().flatten().tolist()]
            for name, tensor in state.items()
            if not name.endswith("num_batches_tracked")
        }
    torch.save(small.state_dict(), directory / "old.pth", _use_new_zipfile_serialization=False)
    torch.save(small, directory / "object.pth")
    torch.save(torchvision.models.resnet18().state_dict(), directory / "resnet18.pth")
    (directory / "expected.json").write_text(json.dumps(expected))


def read_safetensors(path):
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    assert header.pop("__metadata__")["format"] == "pt"
    data = bytearray(content[8 + length :])
    return {
        name: torch.frombuffer(data, dtype=torch.float32)[begin // 4 : end // 4].view(field["shape"])
        for name, field in header.items()
        for begin, end in [field["data_offsets"]]
    }


def compare(pth, safetensors, name):
    state = read_safetensors(Path(safetensors))
    getattr(torchvision.models, name)().load_state_dict(state, strict=True)
    expected = torch.load(pth)
    for key, tensor in state.items():
        assert torch.equal(tensor, expected[key]), key


if sys.argv[1] == "write":
    write(Path(sys.argv[2]))
else:
    compare(*sys.argv[2:])
