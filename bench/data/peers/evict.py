"""Takes the files below a directory out of the system's cache, so that they are read from the disk.

    python3 bench/data/peers/evict.py DIR
"""
import os
import pathlib
import sys


def evict(files):
    for file in files:
        descriptor = os.open(file, os.O_RDONLY)
        # Pages that are not written yet would stay.
        os.fdatasync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


if __name__ == "__main__":
    evict(path for path in pathlib.Path(sys.argv[1]).rglob("*") if path.is_file())
    print("{}")
