"""Networks of keras.applications with random weights, and what they answer.

keras_files.py DIRECTORY NAME SIDE: writes model.h5, model.weights.h5, pixels.u8 and logits.f32
"""
import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy

NETWORKS = {
    "vgg16": ("VGG16", "vgg16"),
    "vgg19": ("VGG19", "vgg19"),
    "resnet50": ("ResNet50", "resnet"),
    "resnet101": ("ResNet101", "resnet"),
    "resnet152": ("ResNet152", "resnet"),
    "densenet121": ("DenseNet121", "densenet"),
    "densenet169": ("DenseNet169", "densenet"),
    "densenet201": ("DenseNet201", "densenet"),
}



def network(name, side):
    return getattr(keras.applications, NETWORKS[name][0])(
        weights=None, input_shape=(side, side, 3), classes=10, classifier_activation=None
    )


def write(directory, name, side):
    random = numpy.random.default_rng(0)
    model = network(name, side)
    for variable in model.variables:
        values = random.uniform(-1, 1, variable.shape)
        if variable.name == "kernel":
            values *= numpy.sqrt(4 / numpy.prod(variable.shape[:-1]))
        elif variable.name in ("gamma", "moving_variance"):
            values = 1 + values / 2
        else:
            values /= 4
        variable.assign(values)
    model.save(directory / "model.h5")
    model.save_weights(directory / "model.weights.h5")
    pixels = random.integers(0, 256, (2, side, side, 3), numpy.uint8)
    pixels.tofile(directory / "pixels.u8")
    preprocess = getattr(keras.applications, NETWORKS[name][1]).preprocess_input
    logits = model.predict(preprocess(pixels.astype(numpy.float32)), verbose=0)
    logits.astype(numpy.float32).tofile(directory / "logits.f32")


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
