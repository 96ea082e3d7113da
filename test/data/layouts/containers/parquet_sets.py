"""Makes small datasets of Parquet files, and what Hugging Face's datasets reads in them.

Usage: parquet_sets.py DIR | stored
With "stored" it writes the two files beside it that the tests keep. Else it writes DIR/<set>/... and DIR/<set>.json: {"train": [[class, sha256 of the pixels], ...], "val": ...}.
"""
import hashlib
import io
import json
import os
import sys

import numpy
import pyarrow
import pyarrow.parquet
from datasets import ClassLabel, Dataset, DatasetDict, Features, Image, Value, load_dataset
from PIL import Image as Pillow

ROOT = sys.argv[1]
RANDOM = numpy.random.RandomState(0)
NAMES = ["cat", "dog", "ant"]


def encoded(kind, size=12):
    pixels = RANDOM.randint(0, 256, (size, size, 3), dtype=numpy.uint8)
    file = io.BytesIO()
    Pillow.fromarray(pixels).save(file, kind)
    return file.getvalue()


def rows(count, kind="PNG", size=12):
    return {
        "image": [{"bytes": encoded(kind, size), "path": "%d.png" % i} for i in range(count)],
        "label": [int(x) for x in RANDOM.randint(0, len(NAMES), count)],
    }


def digests(dataset, names):
    found = []
    for row in dataset:
        pixels = numpy.asarray(row["image"].convert("RGB"))
        label = row["label"]
        found.append([names[label] if names else str(label), hashlib.sha256(pixels.tobytes()).hexdigest()])
    return found


def record(name, train, val):
    with open(os.path.join(ROOT, name + ".json"), "w") as file:
        json.dump({"train": train, "val": val}, file)


def hub_form():
    """As push_to_hub leaves a dataset: data/, and names in each file."""
    features = Features({"image": Image(), "label": ClassLabel(names=NAMES)})
    os.makedirs(os.path.join(ROOT, "hub", "data"))
    sets = {part: Dataset.from_dict(rows(count), features=features)
            for part, count in (("train", 20), ("validation", 8), ("test", 4))}
    for shard in range(2):
        part = sets["train"].shard(num_shards=2, index=shard, contiguous=True)
        part.to_parquet(os.path.join(ROOT, "hub", "data", "train-0000%d-of-00002.parquet" % shard))
    for part in ("validation", "test"):
        sets[part].to_parquet(os.path.join(ROOT, "hub", "data", part + "-00000-of-00001.parquet"))
    read = load_dataset(os.path.join(ROOT, "hub"), cache_dir=os.path.join(ROOT, ".hf"))
    record("hub", digests(read["train"], NAMES), digests(read["validation"], NAMES))


def plain_forms():
    """By pyarrow alone, in every compression and both kinds of pages; names in the README."""
    schema = pyarrow.schema([
        ("image", pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])),
        ("label", pyarrow.int64()),
    ])
    readme = "---\ndataset_info:\n  features:\n  - name: image\n    dtype: image\n  - name: label\n    dtype:\n      class_label:\n        names:\n"
    readme += "".join("          '%d': %s\n" % item for item in enumerate(NAMES)) + "---\n# Pets\n"
    forms = [(codec, page, True) for codec in ("none", "snappy", "gzip", "brotli", "lz4", "zstd")
             for page in ("1.0", "2.0")]
    forms += [("none", "1.0", False), ("snappy", "2.0", False)]
    for codec, page, dictionary in forms:
        name = "parquet-%s-%s-%s" % (codec, page, "dictionary" if dictionary else "plain")
        folder = os.path.join(ROOT, name)
        os.makedirs(folder)
        for part, count in (("train", 40), ("test", 10)):
            table = pyarrow.Table.from_pydict(rows(count, "JPEG", 24), schema=schema)
            pyarrow.parquet.write_table(
                table, os.path.join(folder, part + ".parquet"), compression=codec,
                data_page_version=page, use_dictionary=dictionary, data_page_size=4096,
                dictionary_pagesize_limit=8192, row_group_size=25, write_batch_size=4)
        with open(os.path.join(folder, "README.md"), "w") as file:
            file.write(readme)
        read = load_dataset("parquet", data_files={part: os.path.join(folder, part + ".parquet")
                                                   for part in ("train", "test")},
                            cache_dir=os.path.join(ROOT, ".hf")).cast_column("image", Image())
        record(name, digests(read["train"], NAMES), digests(read["test"], NAMES))


def stored():
    """Files for tests without Python: image i is of one colour, (i, 10 i, 255 - i), of class i % 3."""
    features = Features({"picture": Image(), "pet": ClassLabel(names=NAMES)})
    images = []
    for i in range(12):
        file = io.BytesIO()
        Pillow.new("RGB", (4, 3), (i, 10 * i, 255 - i)).save(file, "PNG")
        images.append({"bytes": file.getvalue(), "path": None})
    labels = [i % 3 for i in range(11)] + [-1]
    table = Dataset.from_dict({"picture": images, "pet": labels}, features=features).data.table
    folder = os.path.dirname(os.path.abspath(__file__))
    for name, codec, page in (("snappy", "snappy", "1.0"), ("plain", "none", "2.0")):
        pyarrow.parquet.write_table(
            table, os.path.join(folder, "pets-%s.parquet" % name), compression=codec,
            data_page_version=page, data_page_size=160, dictionary_pagesize_limit=300,
            row_group_size=8, write_batch_size=2, write_statistics=False, store_schema=True)


if ROOT == "stored":
    stored()
else:
    hub_form()
    plain_forms()
