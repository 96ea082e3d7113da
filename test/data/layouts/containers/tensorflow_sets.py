"""Makes small datasets of TFRecords, and what TensorFlow reads in them.

Usage: tensorflow_sets.py DIR
Writes DIR/<set>/... and DIR/<set>.json: {"train": [[class, sha256 of the pixels], ...], "val": ...}.
"""
import hashlib
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy
import tensorflow as tf

ROOT = sys.argv[1]
RANDOM = numpy.random.RandomState(0)
WNIDS = ["n01440764", "n02100735", "n02119789"]


def bytes_feature(value):
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def int_feature(value):
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))


def shard(path, count, kind):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tf.io.TFRecordWriter(path) as writer:
        for _ in range(count):
            pixels = RANDOM.randint(0, 256, (24, 32, 3), dtype=numpy.uint8)
            encode = tf.io.encode_jpeg if kind == "jpeg" else tf.io.encode_png
            label = int(RANDOM.randint(0, len(WNIDS)))
            features = {
                "image/encoded": bytes_feature(encode(pixels).numpy()),
                "image/class/label": int_feature(label + 1),
                "image/class/synset": bytes_feature(WNIDS[label].encode()),
                "image/object/bbox/xmin": tf.train.Feature(float_list=tf.train.FloatList(value=[0.1, 0.2])),
                "image/height": int_feature(24),
            }
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())


def digests(paths):
    form = {"image/encoded": tf.io.FixedLenFeature([], tf.string),
            "image/class/synset": tf.io.FixedLenFeature([], tf.string)}
    found = []
    for raw in tf.data.TFRecordDataset(paths):
        row = tf.io.parse_single_example(raw, form)
        encoded = row["image/encoded"]
        if encoded.numpy()[:2] == b"\xff\xd8":
            pixels = tf.io.decode_jpeg(encoded, dct_method="INTEGER_ACCURATE")
        else:
            pixels = tf.io.decode_png(encoded)
        found.append([row["image/class/synset"].numpy().decode(),
                      hashlib.sha256(pixels.numpy().tobytes()).hexdigest()])
    return found


for kind in ("png", "jpeg"):
    name = "tfrecord-" + kind
    train = [os.path.join(ROOT, name, "train", "train-0000%d-of-00002" % i) for i in range(2)]
    val = [os.path.join(ROOT, name, "validation", "validation-00000-of-00001")]
    for path in train + val:
        shard(path, 20, kind)
    with open(os.path.join(ROOT, name + ".json"), "w") as file:
        json.dump({"train": digests(train), "val": digests(val)}, file)
