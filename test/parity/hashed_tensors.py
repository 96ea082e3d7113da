"""Weights and images that are a hash of their name and index, as test/parity/hash.ts computes them."""
import math
import zlib

import numpy
import torch


def uniform(name, count, low, high):
    """Numbers in [low, high) of float32: murmur3's last steps on the index and the name's CRC."""
    h = numpy.arange(count, dtype=numpy.uint32) * numpy.uint32(0x9E3779B9)
    h += numpy.uint32(zlib.crc32(name.encode()))
    h ^= h >> 16
    h *= numpy.uint32(0x85EBCA6B)
    h ^= h >> 13
    h *= numpy.uint32(0xC2B2AE35)
    h ^= h >> 16
    return (low + (high - low) * ((h >> 8) / 2**24)).astype(numpy.float32)


def bounds(name, shape):
    """Statistics as after a training, without which batch normalisation hides its errors."""
    kind = name.split(".")[-1]
    if kind == "running_mean":
        return -0.3, 0.3
    if kind == "running_var":
        return 0.5, 2.0
    if kind == "bias":
        return -0.2, 0.2
    if len(shape) == 1:
        return 0.5, 1.5
    # As Kaiming's in convolutions; less in dense layers, so that losses are small.
    bound = math.sqrt((6 if len(shape) == 4 else 1) / math.prod(shape[1:]))
    return -bound, bound


def tensor(name, shape, low, high):
    values = uniform(name, math.prod(shape), low, high)
    return torch.from_numpy(values.reshape(shape)).double()
