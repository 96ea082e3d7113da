"""Passes forward of ONNX Runtime on a network that `cnn export --format onnx` wrote.

It measures once for each line of JSON on stdin, such as {"warmup": 1, "steps": 2, "seconds": 3},
and answers each with a line.
"""
import argparse
import json
import resource
import statistics
import sys
import time

import numpy
import onnxruntime


def open_session(options):
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    settings.log_severity_level = 3
    providers = ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(options.model, settings, providers=providers)


def measure(forward, batch_size, amount):
    """Runs `warmup` passes, then at least `steps` and at least so many `seconds`."""
    for _ in range(amount["warmup"]):
        forward()
    times = []
    while len(times) < amount["steps"] or sum(times) < amount.get("seconds", 0):
        start = time.perf_counter()
        forward()
        times.append(time.perf_counter() - start)
    median = statistics.median(times)
    return {
        "steps": len(times),
        "images_per_second": batch_size / median,
        "milliseconds_per_step": 1000 * median,
        # Of the whole process, in KiB on Linux.
        "peak_resident_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    session = open_session(options)
    (taken,) = session.get_inputs()
    shape = (options.batch_size, *taken.shape[1:])
    images = numpy.random.default_rng(0).standard_normal(shape, dtype=numpy.float32)
    print(json.dumps({"version": onnxruntime.__version__}), flush=True)
    for line in sys.stdin:
        forward = lambda: session.run(None, {taken.name: images})
        print(json.dumps(measure(forward, options.batch_size, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
