"""Makes the inputs on which quantizers are compared: python samples.py SHARED OUT [MODEL ...]        (needs numpy, onnx, Pillow)

For each model, OUT/MODEL has calibration.npz and test.npz (every input as [samples, *shape of one run]; labels where there are any), a .npy for each
input with the calibration samples along the batch axis (labelled.npz has them with their labels), and about.json. What is real and what is drawn at random (seed 0) stands in about.json.
"""

import gzip
import io
import json
import sys
import tarfile
import wave
from pathlib import Path

import numpy as np
from files import bytes_of
from PIL import Image

SHARED = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared")
DATA, SAMPLES = SHARED / "data", SHARED / "models" / "samples"


def parts(inputs, calibration, test, labels=None, **about):
    """The first samples calibrate, the last ones are held out."""
    cut = lambda arrays, each: {name: array[each] for name, array in arrays.items()}
    named = {} if labels is None else {"labels": np.asarray(labels)}
    return cut({**inputs, **named}, slice(calibration)), cut({**inputs, **named}, slice(-test, None)), about


def mnist(name):
    def idx(file):
        raw = gzip.open(DATA / "mnist" / file).read()
        shape = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(raw[3])]
        return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(shape)

    images = np.concatenate([idx("train-images-idx3-ubyte.gz")[:128], idx("t10k-images-idx3-ubyte.gz")[:2000]])
    labels = np.concatenate([idx("train-labels-idx1-ubyte.gz")[:128], idx("t10k-labels-idx1-ubyte.gz")[:2000]])
    return parts({name: images.reshape(-1, 1, 1, 28, 28).astype(np.float32)}, 128, 2000, labels, source="MNIST", classes=True)


def digits(dtype=np.float32):
    rows = np.loadtxt(gzip.open(DATA / "builtin" / "digits.csv.gz", "rt"), delimiter=",")
    images = (rows[:, :64] / 16).reshape(-1, 1, 1, 8, 8).astype(dtype)
    return parts({"x": images}, 128, 1000, rows[:, 64].astype(int), source="optdigits", classes=True)


def sentences():
    found = np.load(SHARED / "cases" / "transformer-outlier-channels" / "pol2s.npz")
    inputs = {name: found[name][:, None] for name in ("input_ids", "attention_mask")}
    return parts(inputs, 128, 1000, found["y"], source="movie-review sentences", classes=True)


def iris():
    rows = [line.split(",") for line in open(DATA / "builtin" / "iris.csv").read().split()[1:]]
    order = np.random.default_rng(0).permutation(len(rows))
    inputs = np.array([[float(each) for each in row[:2]] for row in rows], np.float32)[order]
    return parts({"input": inputs[:, None]}, 50, 100, source="iris, two columns", classes=True)


def pictures(name, width, height, mean, deviation, calibration=32, test=32, gray=False, **about):
    """CIFAR-10's test images, enlarged; scaled as (x / 255 - mean) / deviation."""
    made = []
    with tarfile.open(DATA / "cifar10" / "test.tar") as archive:
        members = sorted((each for each in archive if each.isfile()), key=lambda each: each.name)
        chosen = np.random.default_rng(0).permutation(len(members))[: calibration + test]
        for index in chosen:
            image = Image.open(io.BytesIO(archive.extractfile(members[index]).read())).convert("L" if gray else "RGB")
            pixels = np.asarray(image.resize((width, height), Image.BICUBIC), np.float32) / 255
            made.append(((pixels[..., None] if gray else pixels) - mean) / deviation)
    stacked = np.stack(made).transpose(0, 3, 1, 2)[:, None].astype(np.float32)
    return parts({name: stacked}, calibration, test, source="CIFAR-10 test images, enlarged", **about)


def sound(length, rate):
    """Successive pieces of a recording of singing, brought to a sampling rate by linear interpolation, within ±1."""
    with wave.open(str(SAMPLES / "basic_pitch_vocadito_10.wav")) as file:
        held, channels = file.getframerate(), file.getnchannels()
        heard = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, channels)[:, 0] / 32768
    at = np.arange(0, len(heard) - 1, held / rate)
    heard = np.interp(at, np.arange(len(heard)), heard).astype(np.float32)
    return heard[: len(heard) // length * length].reshape(-1, length)


def overlapping(length, rate, count):
    heard = sound(1, rate).ravel()
    starts = np.linspace(0, len(heard) - length, count).astype(int)
    return np.stack([heard[start : start + length] for start in starts])


def pitches():
    heard = overlapping(43844, 22050, 32)
    return parts({"serving_default_input_2:0": heard[:, None, :, None]}, 16, 16, source="a recording of singing")


def frames():
    heard = overlapping(1024, 16000, 256)
    scaled = (heard - heard.mean(1, keepdims=True)) / np.maximum(heard.std(1, keepdims=True), 1e-8)
    order = np.random.default_rng(0).permutation(256)
    return parts({"input": scaled[order][:, None]}, 128, 128, source="a recording of singing", classes=True)


def voice():
    heard = overlapping(512, 16000, 256)[np.random.default_rng(0).permutation(256)]
    inputs = {"input": heard[:, None], "state": np.zeros((256, 2, 1, 128), np.float32), "sr": np.full(256, 16000, np.int64)}
    return parts(inputs, 128, 128, source="a recording of singing, states of zeros")


def bytes_of_files():
    files = [DATA / "polarity" / "rt-polarity.neg", DATA / "builtin" / "iris.csv", DATA / "cifar10" / "test.tar", SAMPLES / "fastestdet_3.jpg"]
    files += [SAMPLES / "g2p_arpabet_dict.txt", SAMPLES / "basic_pitch_vocadito_10.wav", SAMPLES / "shufflenet-v2-12-int8.tar.gz", SHARED / "DESIGN.md"]
    draw, made = np.random.default_rng(0), []
    for index in range(128):
        raw = files[index % len(files)].read_bytes()
        start = int(draw.integers(max(1, len(raw) - 2048)))
        piece = np.frombuffer(raw[start : start + 2048], np.uint8).astype(np.int32)
        made.append(np.pad(piece, (0, 2048 - len(piece)), constant_values=256))
    return parts({"bytes": np.stack(made)[:, None]}, 64, 64, source="pieces of files", classes=True)


def characters():
    lines = (DATA / "polarity" / "rt-polarity.pos").read_bytes().split(b"\n")
    rows = [np.frombuffer(line[:58], np.uint8) for line in lines if len(line) >= 58][:256]
    return parts({"input": np.stack(rows)[:, None]}, 128, 128, source="movie-review sentences", classes=True)


def drawn(shapes, count, highest, **about):
    """Whole numbers of a fixed seed below a bound for each input: [shape, bound, type]."""
    draw = np.random.default_rng(0)
    inputs = {name: draw.integers(1, bound, (count, *shape)).astype(kind) for name, (shape, bound, kind) in shapes.items()}
    inputs.update({name: np.full((count, *shape), value, kind) for name, (shape, value, kind) in highest.items()})
    return parts(inputs, count // 2, count // 2, source="random numbers of a fixed seed", **about)


IMAGENET = {"mean": np.array([0.485, 0.456, 0.406], np.float32), "deviation": np.array([0.229, 0.224, 0.225], np.float32)}
MODELS = {
    "mnist8_cntk": ("models/mnist8_cntk.onnx", lambda: mnist("Input3")),
    "olive_mnist_dynquant": ("models/olive_mnist_dynquant.onnx", lambda: mnist("Input3")),
    "mbr": ("cases/depthwise-wild-scales/mbr.t.onnx", digits),
    "mbwild": ("cases/depthwise-wild-scales/mbwild.t.onnx", digits),
    "tx2": ("cases/transformer-outlier-channels/tx2.t.onnx", sentences),
    "tx2out": ("cases/transformer-outlier-channels/tx2out.t.onnx", sentences),
    "fp16": ("cases/fp16/fp16.onnx", lambda: digits(np.float16)),
    "external-data": ("cases/external-data/sub/model.onnx", digits),
    "dynshuf": ("cases/dynamic-name-batch1-reshape/dynshufT.onnx", digits),
    "sklearn_scaler_lightgbm": ("models/sklearn_scaler_lightgbm.onnx", iris),
    "ppocr_v2_cls": ("models/ppocr_v2_cls.onnx", lambda: pictures("x", 960, 32, 0.5, 0.5, classes=True)),
    "subpixel_cnn_superres": ("models/subpixel_cnn_superres.onnx", lambda: pictures("input", 224, 224, 0.0, 1.0, gray=True)),
    "ultraface_rfb_320": ("models/ultraface_rfb_320.onnx", lambda: pictures("input", 320, 240, 127 / 255, 128 / 255)),
    "fastestdet": ("models/fastestdet.onnx", lambda: pictures("input.1", 352, 352, 0.0, 1.0)),
    "crepe_tiny": ("models/crepe_tiny.onnx", frames),
    "tract_byte_sb_bidi_lstm": ("models/tract_byte_sb_bidi_lstm.onnx", characters),
    "magika_standard_v3_3": ("models/magika_standard_v3_3.onnx", bytes_of_files),
    "silero_vad_v6": ("models/silero_vad_v6.onnx", voice),
    "basic_pitch_nmp": ("models/basic_pitch_nmp.onnx", pitches),
    "picodet_xs_416_sim": ("models/picodet_xs_416_sim.onnx", lambda: pictures("image", 416, 416, **IMAGENET)),
    "shufflenet_v2_int8": ("models/shufflenet_v2_int8.onnx", lambda: pictures("input", 224, 224, **IMAGENET, classes=True)),
    "g2p_arpabet_transducer": (
        "models/g2p_arpabet_transducer.onnx",
        lambda: drawn({"src": ([1, 8], 27, np.int32), "tgt": ([1, 6], 40, np.int32)}, 128, {"t": ([1], 3, np.int32)}),
    ),
    "libtashkeel_fp32": (
        "models/libtashkeel_fp32.onnx",
        lambda: drawn({"char_inputs": ([1, 48], 40, np.int64)}, 128, {"input_lengths": ([1], 48, np.int64)}),
    ),
}


def batched(array):
    """Samples along the batch axis, as a tool takes them that reads one array for each input: [samples, ...]; one of settings stays as it is."""
    return array[:, 0] if array.ndim > 1 and array.shape[1] == 1 else array


if __name__ == "__main__":
    out = Path(sys.argv[2])
    for name in sys.argv[3:] or MODELS:
        file, make = MODELS[name]
        folder = out / name
        if not (SHARED / file).exists() or (folder / "about.json").exists():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        calibration, test, about = make()
        labels = calibration.pop("labels", None)
        np.savez(folder / "calibration.npz", **calibration)
        np.savez(folder / "test.npz", **test)
        files = {}
        for index, (input_name, array) in enumerate(calibration.items()):
            files[input_name] = f"input-{index}.npy"
            np.save(folder / files[input_name], batched(array))
        if labels is not None:
            np.savez(folder / "labelled.npz", **{key: batched(array) for key, array in calibration.items()}, y=labels)
        counts = {"calibration": len(next(iter(calibration.values()))), "test": len(next(iter(test.values())))}
        facts = {"model": file, "bytes": bytes_of(SHARED / file), "inputs": files, "labels": "labels" in test, **counts, **about}
        (folder / "about.json").write_text(json.dumps(facts))
        print(name, facts, flush=True)
