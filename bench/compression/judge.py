"""Judges a model that a quantizer wrote beside its original, with ONNX Runtime: python judge.py ORIGINAL MADE FOLDER        (needs onnxruntime, onnx, numpy)

FOLDER is one of samples.py. Prints one JSON document: loads; bytes; worst, the smallest SQNR of an output in dB (200 where nothing differs, -999 where something is not a number);
agreement and accuracy as fractions, the change of accuracy paired; and ratio, the median over rounds of the time with MADE divided by that with ORIGINAL
in the same round. Intervals are of 95%, by resampling the runs. Time is that of the thread which computes (one thread), so that it does not grow with
the load of the machine.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime
from files import bytes_of

ROUNDS, SECONDS, WARMUP, DRAWS = 200, 1.5, 3, 1000
LOWEST, HIGHEST = -999.0, 200.0  # dB, for what is not a number and for what is the same
FLOATS = ("float16", "float32", "float64")


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def outputs(runner, samples):
    wanted = [each.name for each in runner.get_outputs() if each.type.startswith("tensor(")]
    runs = [runner.run(wanted, {name: np.asarray(array[i]) for name, array in samples.items()}) for i in range(len(next(iter(samples.values()))))]
    return wanted, runs


def resampled(values, statistic):
    """The 95% interval of a statistic of the rows of values."""
    draw = np.random.default_rng(0)
    drawn = [statistic(values[draw.integers(0, len(values), len(values))]) for _ in range(DRAWS)]
    return np.quantile(drawn, [0.025, 0.975]).tolist()


def ratio_in_decibels(powers):
    signal, noise = powers.sum(axis=0)
    return LOWEST if not np.isfinite(noise) else min(10 * np.log10(max(signal, 1e-30) / max(noise, 1e-30)), HIGHEST)


def powers(before, after):
    """Of the signal and the noise of one output in each run; of noise that is not a number, infinite."""

    def of(a, b):
        if a.shape != b.shape or not np.isfinite(b.astype(np.float64)).all():
            return [1.0, np.inf]
        return [float((a.astype(np.float64) ** 2).sum()), float(((a.astype(np.float64) - b.astype(np.float64)) ** 2).sum())]

    return np.array([of(a, b) for a, b in zip(before, after)])


def classes(runs, index):
    return np.array([run[index].argmax(-1) if run[index].dtype.name in FLOATS else run[index] for run in runs]).reshape(len(runs), -1)


def paired(first, second, feed):
    times, begun = [], time.thread_time()
    for _ in range(WARMUP):
        first.run(None, feed), second.run(None, feed)
    while len(times) < ROUNDS and (len(times) < 6 or time.thread_time() - begun < SECONDS):
        turn = {}
        for runner in (first, second) if len(times) % 2 == 0 else (second, first):
            start = time.thread_time()
            runner.run(None, feed)
            turn[runner] = time.thread_time() - start
        times.append((turn[first], turn[second]))
    both = np.array(times)
    ratios = both[:, 1] / both[:, 0]
    return {"ratio": float(np.median(ratios)), "interval": resampled(ratios, np.median), "milliseconds": (1000 * np.median(both, axis=0)).tolist()}


def judge(original, made, folder):
    about = json.loads((folder / "about.json").read_text())
    samples = dict(np.load(folder / "test.npz"))
    labels = samples.pop("labels", None)
    found = {"bytes": bytes_of(made), "loads": True}
    first = session(original)
    try:
        second = session(made)
        names, after = outputs(second, samples)
    except Exception as error:
        return {**found, "loads": False, "why": str(error)[:300]}
    wanted, before = outputs(first, samples)
    if names != wanted:
        return {**found, "loads": False, "why": f"outputs {names} instead of {wanted}"}
    # Where a model only gives whole numbers, as decoded texts, those are compared.
    floats = [k for k in range(len(wanted)) if before[0][k].dtype.name in FLOATS] or list(range(len(wanted)))
    worst = min((powers([run[k] for run in before], [run[k] for run in after]) for k in floats), key=ratio_in_decibels)
    found["worst"] = {"decibels": float(ratio_in_decibels(worst)), "interval": resampled(worst, ratio_in_decibels)}
    if about.get("classes"):
        place = 0  # scores come first in all of them
        found["agreement"] = float((classes(before, place) == classes(after, place)).mean())
        if labels is not None:
            right = np.stack([classes(runs, place)[:, 0] == labels for runs in (before, after)], axis=1).astype(float)
            change = resampled(right, lambda rows: float(np.diff(rows.mean(axis=0))[0]))
            found["accuracy"] = {"before": float(right[:, 0].mean()), "after": float(right[:, 1].mean()), "change": change}
    return {**found, **paired(first, second, {name: np.asarray(array[0]) for name, array in samples.items()})}


if __name__ == "__main__":
    print(json.dumps(judge(sys.argv[1], sys.argv[2], Path(sys.argv[3]))))
