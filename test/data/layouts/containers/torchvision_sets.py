"""Makes small datasets in the forms of CIFAR and MNIST, and what torchvision reads in them.

Usage: torchvision_sets.py DIR
Writes DIR/<set>/... and DIR/<set>.json: {"train": [[class, sha256 of the pixels], ...], "val": ...}.
"""
import gzip
import hashlib
import json
import os
import pickle
import struct
import sys
import tarfile

import numpy
import torchvision.datasets as sets

ROOT = sys.argv[1]
RANDOM = numpy.random.RandomState(0)
PER_FILE = 12


def path(*parts):
    name = os.path.join(ROOT, *parts)
    os.makedirs(os.path.dirname(name), exist_ok=True)
    return name


def digests(dataset, classes, turned=False):
    """What a dataset gives: the class and the pixels of each image, of EMNIST turned upright."""
    rows = []
    for image, label in dataset:
        pixels = numpy.asarray(image)
        if turned:
            pixels = pixels.T
        rows.append([classes[label], hashlib.sha256(pixels.tobytes()).hexdigest()])
    return rows


def record(name, train, val):
    with open(path(name + ".json"), "w") as file:
        json.dump({"train": train, "val": val}, file)


def images(count):
    return RANDOM.randint(0, 256, (count, 3072), dtype=numpy.uint8)


class Python2Pickler(pickle._Pickler):
    """Writes strings as Python 2 does, with which CIFAR was made."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_string(self, value):
        value = value.encode() if isinstance(value, str) else value
        short = len(value) < 256
        self.write((b"U" + struct.pack("<B", len(value)) if short else b"T" + struct.pack("<i", len(value))) + value)
        self.memoize(value)

    dispatch[bytes] = save_string
    dispatch[str] = save_string


def dump(value, file, protocol):
    if protocol == 2:
        Python2Pickler(file, protocol).dump(value)
    else:
        pickle.dump(value, file, protocol=protocol)


def cifar(kind, folder, files, meta, classes, keys, names, protocol, order):
    """The Python version; then the binary version of the same images."""
    made = {}
    for name in files:
        data = numpy.asarray(images(PER_FILE), order=order)
        labels = {key: [int(x) for x in RANDOM.randint(0, n, PER_FILE)] for key, n in keys.items()}
        made[name] = (data, labels)
        batch = {"data": data, "batch_label": name, "filenames": ["%d.png" % i for i in range(PER_FILE)]}
        batch.update(labels)
        with open(path(kind, folder, name), "wb") as file:
            dump(batch, file, protocol)
    with open(path(kind, folder, meta), "wb") as file:
        dump({names: classes, "num_vis": 3072}, file, protocol)
    return made


class Cifar10(sets.CIFAR10):
    meta = dict(sets.CIFAR10.meta, md5=None)

    def _check_integrity(self):
        return True


class Cifar100(sets.CIFAR100):
    meta = dict(sets.CIFAR100.meta, md5=None)

    def _check_integrity(self):
        return True


TEN = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
HUNDRED = ["fine%02d" % i for i in range(100)]
BATCHES = ["data_batch_%d" % i for i in range(1, 6)]

for protocol, order in [(2, "C"), (4, "F"), (5, "C")]:
    name = "cifar10-protocol%d" % protocol
    folder = "cifar-10-batches-py"
    made = cifar(name, folder, BATCHES + ["test_batch"], "batches.meta", TEN, {"labels": 10},
                 "label_names", protocol, order)
    parts = [digests(Cifar10(path(name, ""), train=train), TEN) for train in (True, False)]
    record(name, *parts)
    if protocol == 2:
        for batch, (data, labels) in made.items():
            with open(path("cifar10-binary", "cifar-10-batches-bin", batch + ".bin"), "wb") as file:
                for row, label in zip(data, labels["labels"]):
                    file.write(bytes([label]) + row.tobytes())
        with open(path("cifar10-binary", "cifar-10-batches-bin", "batches.meta.txt"), "w") as file:
            file.write("\n".join(TEN) + "\n\n")
        record("cifar10-binary", *parts)
        with tarfile.open(path("cifar10.tar.gz"), "w:gz") as tar:
            tar.add(path(name, folder), folder)
        record("cifar10.tar.gz", *parts)

made = cifar("cifar100", "cifar-100-python", ["train", "test"], "meta", HUNDRED,
             {"coarse_labels": 20, "fine_labels": 100}, "fine_label_names", 2, "C")
parts = [digests(Cifar100(path("cifar100", ""), train=train), HUNDRED) for train in (True, False)]
record("cifar100", *parts)
for batch, (data, labels) in made.items():
    with open(path("cifar100-binary", batch + ".bin"), "wb") as file:
        for row, coarse, fine in zip(data, labels["coarse_labels"], labels["fine_labels"]):
            file.write(bytes([coarse, fine]) + row.tobytes())
with open(path("cifar100-binary", "fine_label_names.txt"), "w") as file:
    file.write("\n".join(HUNDRED) + "\n")
record("cifar100-binary", *parts)


def idx(file, array):
    file.write(struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(">%dI" % array.ndim, *array.shape))
    file.write(array.tobytes())


def mnist(name, folder, prefix, val, labels, opener=open, ending=""):
    for part in ("train", val):
        count = 2 * len(labels)
        values = numpy.array((labels * 2), dtype=numpy.uint8)
        pixels = RANDOM.randint(0, 256, (count, 28, 28), dtype=numpy.uint8)
        for what, array in (("images-idx3", pixels), ("labels-idx1", values)):
            with opener(path(name, folder, "raw", "%s%s-%s-ubyte%s" % (prefix, part, what, ending)), "wb") as file:
                idx(file, array)


def mnist_parts(make, root, classes, turned=False):
    return [digests(make(root=path(root, ""), train=train), classes, turned) for train in (True, False)]


DIGITS = [str(i) for i in range(10)]
FASHION = ["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle-boot"]
for name, make, classes in [("MNIST", sets.MNIST, DIGITS), ("KMNIST", sets.KMNIST, DIGITS),
                            ("FashionMNIST", sets.FashionMNIST, FASHION)]:
    mnist(name.lower(), name, "", "t10k", list(range(10)))
    parts = mnist_parts(make, name.lower(), classes)
    record(name.lower(), *parts)

# The same files, compressed, as they are distributed.
for folder, _, names in os.walk(path("mnist", "")):
    for file in names:
        with open(os.path.join(folder, file), "rb") as plain:
            with gzip.open(path("mnist-gz", file + ".gz"), "wb") as packed:
                packed.write(plain.read())
with open(path("mnist.json")) as file:
    record("mnist-gz", **json.load(file))

for split in ("letters", "balanced", "byclass"):
    name = "emnist-" + split
    make = lambda root, train: sets.EMNIST(root, split, train=train)
    classes = sets.EMNIST.classes_split_dict[split]
    first = 1 if split == "letters" else 0
    mnist(name, "EMNIST", name + "-", "test", list(range(first, len(classes))))
    record(name, *mnist_parts(make, name, classes, turned=True))
