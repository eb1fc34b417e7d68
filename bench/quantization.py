"""Quantizes what bench/quantization.mjs left in OUT with ONNX Runtime's own quantizer, and measures both tools' models with ONNX Runtime.

    python bench/quantization.py OUT        (needs onnx, onnxruntime, numpy)

Both quantize per channel to uint8 activations and int8 weights in the QDQ form, on the same calibration samples. Quality is accuracy where there
are labels, else 1 - R² of the outputs against the float model. Latency is the median of single-thread runs of one sample, alternating between
the models, as a ratio to the float model.
"""

import json
import logging
import os
import sys
import time

import numpy as np
import onnx
import onnx.version_converter
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

logging.disable(logging.WARNING)
onnxruntime.set_default_logger_severity(3)
ROUNDS = 60


class Samples(CalibrationDataReader):
    def __init__(self, data, name, batch):
        self.feeds = iter([{name: data[i : i + batch]} for i in range(0, len(data) - batch + 1, batch)])

    def get_next(self):
        return next(self.feeds, None)


def read(folder, part):
    facts = json.load(open(os.path.join(folder, part + ".json")))
    data = np.fromfile(os.path.join(folder, part + ".f32"), np.float32).reshape(facts["shape"])
    return facts, data


def session(path, threads=2):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def outputs(path, name, data, batch):
    runner = session(path)
    parts = [runner.run(None, {name: data[i : i + batch]}) for i in range(0, len(data) - batch + 1, batch)]
    return [np.concatenate([part[k] for part in parts]) for k in range(len(parts[0]))]


def noise(reference, got):
    # One number over all outputs, each with its own mean.
    error = sum(float(((a - b) ** 2).sum()) for a, b in zip(reference, got))
    return error / sum(float(((a - a.mean()) ** 2).sum()) for a in reference)


def latencies(paths, name, sample):
    runners = {path: session(path, 1) for path in paths}
    times = {path: [] for path in paths}
    for runner in runners.values():
        for _ in range(3):
            runner.run(None, {name: sample})
    for _ in range(ROUNDS):
        for path, runner in runners.items():
            start = time.perf_counter()
            runner.run(None, {name: sample})
            times[path].append(time.perf_counter() - start)
    return {path: float(np.median(each)) for path, each in times.items()}


def compare(folder):
    calibration, data = read(folder, "calibration")
    test, images = read(folder, "test")
    name = calibration["input"]
    first = session(os.path.join(folder, "float.onnx")).get_inputs()[0].shape[0]
    batch = first if isinstance(first, int) else 32
    ready = os.path.join(folder, "preprocessed.onnx")
    # The converter inside wants IR version 4, from which on weights need not be listed as inputs.
    model = onnx.load(os.path.join(folder, "float.onnx"))
    model.ir_version = max(model.ir_version, 4)
    # Per-channel scales need opset 13, and its tools do not see to that.
    if next(each.version for each in model.opset_import if each.domain == "") < 13:
        model = onnx.version_converter.convert_version(model, 13)
    onnx.save(model, ready)
    quant_pre_process(ready, ready, skip_symbolic_shape=True)
    for method in ("MinMax", "Percentile", "Entropy"):
        start = time.perf_counter()
        path = os.path.join(folder, f"onnxruntime {method}.onnx")
        try:
            quantize_static(
                ready,
                path,
                Samples(data, name, batch),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=getattr(CalibrationMethod, method),
            )
            print(f"{os.path.basename(folder)} {method}: {time.perf_counter() - start:.1f} s", file=sys.stderr)
        except Exception as cause:  # what cannot be quantized is left out of the table
            print(f"{os.path.basename(folder)} {method}: {str(cause)[:200]}", file=sys.stderr)
    names = ["float.onnx"] + sorted(f for f in os.listdir(folder) if f.startswith(("espalier", "onnxruntime ")))
    paths = [os.path.join(folder, each) for each in names]
    times = latencies(paths, name, images[:batch] if isinstance(first, int) else images[:1])
    reference = outputs(paths[0], name, images, batch)
    for path in paths:
        got = outputs(path, name, images, batch)
        if test["labels"]:
            quality = f"accuracy {np.mean(got[0].argmax(-1) == np.array(test['labels'])[: len(got[0])]) * 100:.2f}%"
        else:
            quality = f"1 - R² {noise(reference, got):.2e}"
        ratio = times[path] / times[paths[0]]
        print(f"| {os.path.basename(folder)} | {os.path.basename(path)[:-5]} | {quality} | {os.path.getsize(path):,} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    print("| model | quantizer | quality | bytes | latency / float |\n| --- | --- | --- | --- | --- |")
    for each in sorted(os.listdir(sys.argv[1])):
        compare(os.path.join(sys.argv[1], each))
