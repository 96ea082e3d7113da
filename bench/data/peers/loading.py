"""What the peers of `cnn bench data` share: their options, the epochs that are timed, the answer.

A peer makes of the JPEGs below DIR/train crops of 224 × 224 pixels, mirrored at random: bytes (224,
224, 3), as `cnn bench data` does, or normalised floats, as `cnn bench data --floats` does.
"""
import argparse
import json
import pathlib
import statistics
import sys
import time

from evict import evict

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
CROPS = ("alexnet", "inception")


def read_options(description, changes=("none",)):
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--augment", choices=CROPS, default="inception")
    parser.add_argument("--changes", choices=changes, default="none")
    parser.add_argument("--output", choices=("bytes", "floats"), default="bytes")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--cold", action="store_true", help="one epoch of files that nobody has read")
    return parser.parse_args()


def measure(description, versions, open_epochs, changes=("none",)):
    """Prints the rates. `open_epochs(files, options)` gives a function that runs an epoch."""
    options = read_options(description, changes)
    files = sorted(str(path) for path in pathlib.Path(options.data, "train").rglob("*") if path.is_file())
    if not files:
        sys.exit(f"no files in {options.data}/train")
    walls, processors = [], []
    if options.cold:
        evict(files)
    run_epoch = open_epochs(files, options)
    for _ in range(1 if options.cold else options.epochs + 1):
        wall, processor = time.perf_counter(), time.process_time()
        count = run_epoch()
        assert count == len(files), f"{count} images of {len(files)}"
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    # The first epoch warms the cache of files.
    measured = slice(0 if options.cold else 1, None)
    print(
        json.dumps(
            {
                "version": versions,
                "images": len(files),
                "images_per_second": len(files) / statistics.median(walls[measured]),
                "images_per_core_second": len(files) / statistics.median(processors[measured]),
            }
        )
    )


def batches(dataset, options):
    """The epochs of a torch Dataset: in this process, or in one for each thread."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    if options.threads == 1:
        return lambda: sum(1 for index in range(len(dataset)) if dataset[index] is not None)
    loader = torch.utils.data.DataLoader(
        dataset, batch_size=60, num_workers=options.threads, persistent_workers=True
    )
    return lambda: sum(len(batch) for batch in loader)
