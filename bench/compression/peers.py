"""Quantizes one model with one tool: python peers.py TOOL MODE ORIGINAL MADE SAMPLES.npz        (needs the tool, onnx and numpy)

Each tool as its own documentation says, on the processor, with its defaults but for: 8 bits, weights per channel where it has a switch for that, and
calibration by the samples of the file, one at a time. `python peers.py TOOL idle` only loads what the tool needs and a
model of one node into ONNX Runtime; what that takes is the idle memory.
"""

import sys

import numpy as np


def feeds(path):
    samples = dict(np.load(path))
    for index in range(len(next(iter(samples.values())))):
        yield {name: array[index] for name, array in samples.items()}


def reader_of(path, base):
    class Samples(base):
        def __init__(self):
            self.rewind()

        def get_next(self):
            return next(self.feeds, None)

        def rewind(self):
            self.feeds = feeds(path)

    return Samples()


def converted(original):
    """The model at an opset that has scales for each channel, where ONNX's own converter can; and its opset."""
    import onnx
    import onnx.version_converter

    model = onnx.load(original)
    opset = next((each.version for each in model.opset_import if each.domain in ("", "ai.onnx")), 13)
    if opset < 13:
        try:
            model.ir_version = max(model.ir_version, 4)  # from which on weights need not be listed as inputs
            model, opset = onnx.version_converter.convert_version(model, 13), 13
        except Exception as error:
            print("not converted to opset 13:", error)
    return model, opset


def prepared(original):
    """As ONNX Runtime's documentation asks: converted, shapes inferred and graph optimized. What fails is left out. Also whether scales may be per channel."""
    import onnx
    from onnxruntime.quantization.shape_inference import quant_pre_process

    model, opset = converted(original)
    onnx.save(model, "prepared.onnx")
    try:
        quant_pre_process("prepared.onnx", "ready.onnx", skip_symbolic_shape=True)
        return "ready.onnx", opset >= 13
    except Exception as error:
        print("not preprocessed:", error)
        return "prepared.onnx", opset >= 13


def onnxruntime_static(original, made, samples):
    from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

    ready, per_channel = prepared(original)
    settings = {"quant_format": QuantFormat.QDQ, "per_channel": per_channel, "calibrate_method": CalibrationMethod.MinMax}
    types = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8}
    quantize_static(ready, made, reader_of(samples, CalibrationDataReader), **settings, **types)


def onnxruntime_dynamic(original, made, samples):
    from onnxruntime.quantization import QuantType, quantize_dynamic

    ready, per_channel = prepared(original)
    quantize_dynamic(ready, made, per_channel=per_channel, weight_type=QuantType.QInt8)


def nncf_quantize(original, made, samples, **settings):
    import nncf
    import onnx

    data = list(feeds(samples))
    made_model = nncf.quantize(converted(original)[0], nncf.Dataset(data), subset_size=len(data), **settings)
    onnx.save(made_model, made)


def nncf_static(original, made, samples):
    nncf_quantize(original, made, samples)


def nncf_transformer(original, made, samples):
    import nncf

    nncf_quantize(original, made, samples, model_type=nncf.ModelType.TRANSFORMER)


def nncf_weights(original, made, samples):
    import nncf
    import onnx

    onnx.save(nncf.compress_weights(converted(original)[0], mode=nncf.CompressWeightsMode.INT8_SYM), made)


def neural_compressor_static(original, made, samples):
    import onnx
    from onnx_neural_compressor import data_reader
    from onnx_neural_compressor.quantization import config, quantize

    onnx.save(converted(original)[0], "converted.onnx")
    quantize("converted.onnx", made, config.StaticQuantConfig(calibration_data_reader=reader_of(samples, data_reader.CalibrationDataReader), per_channel=True))


def neural_compressor_dynamic(original, made, samples):
    import onnx
    from onnx_neural_compressor.quantization import config, quantize

    onnx.save(converted(original)[0], "converted.onnx")
    quantize("converted.onnx", made, config.DynamicQuantConfig(per_channel=True))


def modelopt_static(original, made, samples):
    from modelopt.onnx.quantization import quantize

    data = {name: array.reshape(-1, *array.shape[2:]) if array.ndim > 1 else array for name, array in np.load(samples).items()}
    quantize(original, quantize_mode="int8", calibration_data=data, calibration_eps=["cpu"], high_precision_dtype="fp32", output_path=made)


def aimet_static(original, made, samples):
    import aimet_onnx
    import onnx

    simulated = aimet_onnx.QuantizationSimModel(converted(original)[0], param_type=aimet_onnx.int8, activation_type=aimet_onnx.int8)
    simulated.compute_encodings(list(feeds(samples)))
    onnx.save(simulated.to_onnx_qdq(prequantize_constants=True), made)


def quark_static(original, made, samples):
    from onnxruntime.quantization import CalibrationDataReader
    from quark.onnx import ModelQuantizer
    from quark.onnx.quantization.config import Config, get_default_config

    settings = get_default_config("INT8_CNN_DEFAULT")
    ModelQuantizer(Config(global_quant_config=settings)).quantize_model(original, made, reader_of(samples, CalibrationDataReader))


TOOLS = {
    "onnxruntime": {"static": onnxruntime_static, "dynamic": onnxruntime_dynamic},
    "nncf": {"static": nncf_static, "static-transformer": nncf_transformer, "weights": nncf_weights},
    "onnx-neural-compressor": {"static": neural_compressor_static, "dynamic": neural_compressor_dynamic},
    "nvidia-modelopt": {"static": modelopt_static},
    "aimet-onnx": {"static": aimet_static},
    "amd-quark": {"static": quark_static},
}
MODULES = {
    "onnxruntime": ["onnxruntime.quantization"],
    "nncf": ["nncf", "nncf.onnx", "onnxruntime"],
    "onnx-neural-compressor": ["onnx_neural_compressor.quantization", "onnxruntime"],
    "nvidia-modelopt": ["modelopt.onnx.quantization", "onnxruntime"],
    "aimet-onnx": ["aimet_onnx", "onnxruntime"],
    "amd-quark": ["quark.onnx", "onnxruntime"],
}


def load_one_node():
    import onnx
    import onnxruntime

    ports = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Neg", ["x"], ["y"])], "idle", ports[:1], ports[1:])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    tool, mode, *given = sys.argv[1:]
    if mode == "idle":
        for module in MODULES[tool]:
            __import__(module)
        load_one_node()
    else:
        TOOLS[tool][mode](*given)
