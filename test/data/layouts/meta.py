"""Makes meta.mat and meta-compressed.mat as the ILSVRC 2012 devkit has it, with four classes and a
synset above them: the ids are not in the order of the wnids, as in the original.

meta.py write   writes both files, made with SciPy 1.17
meta.py check   fails where the SciPy of this machine reads something else from them
"""

import sys
from pathlib import Path

import numpy
import scipy.io

HERE = Path(__file__).parent
FILES = {"meta.mat": False, "meta-compressed.mat": True}
SYNSETS = [
    # id, wnid, words, gloss, children, training images
    (1, "n02119789", "kit fox, Vulpes macrotis", "small grey fox of southwestern United States", [], 3),
    (2, "n02100735", "English setter", "an English breed having a plumed tail", [], 2),
    (3, "n01440764", "tench, Tinca tinca", "freshwater dace-like game fish of Europe", [], 2),
    (4, "n02110185", "Siberian husky", "breed of sled dog developed in northeastern Siberia", [], 2),
    (1001, "n02083346", "canine, canid", "any of various fissiped mammals", [1, 2, 4], 0),
]

FIELDS = [
    "ILSVRC2012_ID",
    "WNID",
    "words",
    "gloss",
    "num_children",
    "children",
    "wordnet_height",
    "num_train_images",
]


def struct():
    synsets = numpy.empty((len(SYNSETS), 1), dtype=[(name, object) for name in FIELDS])
    for row, (number, wnid, words, gloss, children, images) in enumerate(SYNSETS):
        synsets[row, 0] = (
            float(number),
            wnid,
            words,
            gloss,
            float(len(children)),
            numpy.array(children, dtype=float),
            numpy.uint8(0),
            numpy.uint16(images),
        )
    return synsets


def write():
    for name, compressed in FILES.items():
        scipy.io.savemat(HERE / name, {"synsets": struct()}, do_compression=compressed)


def check():
    for name in FILES:
        read = scipy.io.loadmat(HERE / name, squeeze_me=True)["synsets"]
        assert read.dtype.names == tuple(FIELDS), name
        for row, (number, wnid, words, gloss, children, images) in zip(read, SYNSETS):
            found = [row[field] for field in FIELDS if field != "children"]
            assert found == [number, wnid, words, gloss, len(children), 0, images], name
            assert numpy.atleast_1d(row["children"]).tolist() == children, name


{"write": write, "check": check}[sys.argv[1]]()
