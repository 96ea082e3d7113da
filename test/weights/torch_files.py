"""Files of torch.save for the tests of the reader.

torch_files.py write  writes torch/, small files and expected.json: {file: {tensor: [shape, numbers]}}
torch_files.py check  fails where the PyTorch of this machine reads something else from them
"""
import json
import sys
from collections import OrderedDict
from pathlib import Path

import torch
from torch import nn

FILES = Path(__file__).with_name("torch")
EXPECTED = FILES / "expected.json"


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


def write():
    files = {"types.pth": tensors()}
    small = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    parallel = {f"module.{name}": value for name, value in small.state_dict().items()}
    optimizer = torch.optim.SGD(small.parameters(), lr=0.1, momentum=0.9)
    small(torch.randn(2, 3, 8, 8)).sum().backward()
    optimizer.step()
    checkpoint = dict(epoch=90, best=71.5, arch="small", optimizer=optimizer.state_dict())
    files |= {
        "module.pth": small.state_dict(),
        "parallel.pth": parallel,
        "state_dict.pth": dict(checkpoint, state_dict=parallel, notes=[None, True, (1, 2)]),
        "model.pth": dict(checkpoint, model=small.state_dict()),
    }
    FILES.mkdir(exist_ok=True)
    for file, value in files.items():
        torch.save(value, FILES / file)
    torch.save(small.state_dict(), FILES / "old.pth", _use_new_zipfile_serialization=False)
    torch.save(small, FILES / "object.pth")
    EXPECTED.write_text(json.dumps({file: contents(file) for file in files}))


def contents(file):
    value = torch.load(FILES / file, map_location="cpu")
    state = value.get("state_dict", value.get("model", value))
    return {
        name: [list(tensor.shape), tensor.double().flatten().tolist()]
        for name, tensor in state.items()
        if not name.endswith("num_batches_tracked")
    }


def check():
    for file, expected in json.loads(EXPECTED.read_text()).items():
        assert contents(file) == expected, file


{"write": write, "check": check}[sys.argv[1]]()
