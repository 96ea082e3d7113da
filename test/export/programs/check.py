"""The errors of an ONNX file: those of onnx.checker, or how far onnxruntime's logits are from ours."""

import json
import sys
from pathlib import Path

import numpy
import onnx
import onnxruntime

directory = Path(sys.argv[1])
batch = int(sys.argv[2])
file = directory / "model.onnx"
onnx.checker.check_model(str(file), full_check=True)
session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
[image] = session.get_inputs()
_, channels, height, width = image.shape
shape = (batch, height, width, channels)
images = numpy.fromfile(directory / "images.f32", numpy.float32).reshape(shape)
[found] = session.run(None, {image.name: images.transpose(0, 3, 1, 2).copy()})
expected = numpy.fromfile(directory / "logits.f32", numpy.float32).reshape(found.shape)
print(json.dumps({"difference": float(abs(found - expected).max())}))
