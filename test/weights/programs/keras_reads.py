"""Logits of a network of keras.applications with the weights of a file.

keras_reads.py DIRECTORY NAME SIDE: reads own.weights.h5 and images.f32, writes own.f32
"""
import sys
from pathlib import Path

import numpy
from keras_files import network

directory, name, side = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
model = network(name, side)
model.load_weights(directory / "own.weights.h5")
images = numpy.fromfile(directory / "images.f32", numpy.float32).reshape(-1, side, side, 3)
model.predict(images, verbose=0).astype(numpy.float32).tofile(directory / "own.f32")
