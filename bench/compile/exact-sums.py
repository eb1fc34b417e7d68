# How ONNX Runtime rounds the sums of a quantized model, beside exact arithmetic, layer by layer from its own integers:
#   pip install numpy onnx onnxruntime && python bench/compile/exact-sums.py ../shared/models/shufflenet_v2_int8.onnx
# For models of QLinearConv (no groups, or one channel each) and QLinearMatMul with uint8 activations, on one input of normal numbers.
import sys
from fractions import Fraction

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper

LEVELS = ort.GraphOptimizationLevel
LAYERS = ('QLinearConv', 'QLinearMatMul')


def session(model, level=LEVELS.ORT_DISABLE_ALL):
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    options.log_severity_level = 3
    return ort.InferenceSession(model.SerializeToString(), options, providers=['CPUExecutionProvider'])


def everything(model, feeds):
    """The value of each tensor, as ONNX Runtime computes it node by node."""
    names = [name for node in model.graph.node for name in node.output]
    copy = onnx.ModelProto.FromString(model.SerializeToString())
    del copy.graph.output[:]
    copy.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    constants = {each.name: onnx.numpy_helper.to_array(each) for each in model.graph.initializer}
    return {**constants, **feeds, **dict(zip(names, session(copy).run(None, feeds)))}


def sums(node, value):
    """Integers that a layer sums, in 64 bits."""
    data, zero, weight, weight_zero = (np.asarray(value[node.input[at]]).astype(np.int64) for at in (0, 2, 3, 5))
    data = data - zero
    if node.op_type == 'QLinearMatMul':
        return data @ (weight - weight_zero)
    weight = weight - (weight_zero.reshape(-1, 1, 1, 1) if weight_zero.size > 1 else weight_zero)
    attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    pads, strides = attributes.get('pads', [0] * 4), attributes.get('strides', [1, 1])
    data = np.pad(data, ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])))
    height, width = ((data.shape[axis] - weight.shape[axis]) // strides[axis - 2] + 1 for axis in (2, 3))
    total = np.zeros((1, weight.shape[0], height, width), np.int64)
    for y, x in np.ndindex(*weight.shape[2:]):
        part = data[0, :, y : y + strides[0] * height : strides[0], x : x + strides[1] * width : strides[1]]
        if attributes.get('group', 1) > 1:
            total[0] += part * weight[:, 0, y, x][:, None, None]
        else:
            total[0] += np.einsum('chw,oc->ohw', part, weight[:, :, y, x])
    return total + (value[node.input[8]].astype(np.int64).reshape(1, -1, 1, 1) if len(node.input) > 8 else 0)


def scales(node, value):
    """Scales of the data, of each channel's weights, and of the result, as 32-bit floats."""
    data, weight, result = (np.asarray(value[node.input[at]], np.float32) for at in (1, 4, 6))
    channels = value[node.output[0]].shape[1]
    return data.item(), np.broadcast_to(weight.reshape(-1), (channels,)), result.item()


def exact(total, node, value):
    """Sums as 8-bit numbers: near the middle between two by fractions, elsewhere by 64-bit floats."""
    data, weight, result = scales(node, value)
    scaled = total * (data * weight.astype(np.float64) / result).reshape(1, -1, *[1] * (total.ndim - 2))
    rounded = np.rint(scaled)
    for at in map(tuple, np.argwhere(np.abs(scaled - np.floor(scaled) - 0.5) < 1e-6)):
        rounded[at] = round(Fraction(int(total[at])) * Fraction(data) * Fraction(float(weight[at[1]])) / Fraction(result))
    return clipped(rounded, node, value)


def by_floats(total, node, value):
    """The same, with multipliers and products of 32-bit floats."""
    data, weight, result = (np.float32(each) for each in scales(node, value))
    multiplier = (data * weight / result).reshape(1, -1, *[1] * (total.ndim - 2))
    return clipped(np.rint(total.astype(np.float32) * multiplier), node, value)


def by_31_bits(total, node, value):
    """The same in integers alone, as C does: a multiplier of 31 bits and a shift, to the nearest, of two to the even one."""
    data, weight, result = scales(node, value)
    rounded = np.empty(total.shape, np.int64)
    for channel, scale in enumerate(weight):
        ratio = Fraction(data) * Fraction(float(scale)) / Fraction(result)
        shift = 31 - int(np.floor(np.log2(float(ratio))) + 1)
        multiplier, one = round(ratio * 2**shift), 1 << shift
        products = total[:, channel].astype(object) * multiplier
        whole, rest = products // one, products % one
        rounded[:, channel] = whole + ((rest * 2 > one) | ((rest * 2 == one) & (whole % 2 == 1)))
    return clipped(rounded, node, value)


def clipped(rounded, node, value):
    return np.clip(rounded + int(value[node.input[7]]), 0, 255).astype(np.int64)


def in_floats(node, value):
    """The layer as DequantizeLinear, Conv or MatMul in floats, and QuantizeLinear, computed one by one."""
    given = list(node.input)
    per_channel = {'axis': 0 if node.op_type == 'QLinearConv' else 1} if np.asarray(value[given[4]]).size > 1 else {}
    constants = {name: value[name] for name in given[1:8]}
    ins = ['data', 'weight']
    if len(given) > 8:
        data, weight, _ = scales(node, value)
        constants['bias'] = (value[given[8]] * np.float64(data) * weight.astype(np.float64)).astype(np.float32)
        ins.append('bias')
    layer = helper.make_node(node.op_type.removeprefix('QLinear'), ins, ['sums'])
    layer.attribute.extend(node.attribute)
    nodes = [
        helper.make_node('DequantizeLinear', ['x', *given[1:3]], ['data']),
        helper.make_node('DequantizeLinear', given[3:6], ['weight'], **per_channel),
        layer,
        helper.make_node('QuantizeLinear', ['sums', *given[6:8]], ['y']),
    ]
    x = helper.make_tensor_value_info('x', onnx.TensorProto.UINT8, value[given[0]].shape)
    tensors = [onnx.numpy_helper.from_array(np.asarray(contents), name) for name, contents in constants.items()]
    graph = helper.make_graph(nodes, 'layer', [x], [helper.make_empty_tensor_value_info('y')], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)], ir_version=8)
    return session(model).run(None, {'x': value[given[0]]})[0].astype(np.int64)


model = onnx.load(sys.argv[1])
[given] = model.graph.input if len(model.graph.input) == 1 else [each for each in model.graph.input if each.name == 'input']
shape = [axis.dim_value for axis in given.type.tensor_type.shape.dim]
feeds = {given.name: np.random.default_rng(1).standard_normal(shape, np.float32)}
value = everything(model, feeds)
counts = dict.fromkeys(['sums', 'onnxruntime', '32-bit floats', '31 bits', 'onnxruntime in floats'], 0)
others = 0
for node in model.graph.node:
    if node.op_type not in LAYERS:
        continue
    total = sums(node, value)
    wanted = exact(total, node, value)
    got = value[node.output[0]].astype(np.int64)
    floats = by_floats(total, node, value)
    counts['sums'] += wanted.size
    others += int((floats != got).sum())
    answers = {'onnxruntime': got, '32-bit floats': floats, '31 bits': by_31_bits(total, node, value), 'onnxruntime in floats': in_floats(node, value)}
    for name, answer in answers.items():
        counts[name] += int((answer != wanted).sum())
print('ONNX Runtime', ort.__version__)
print('sums that are rounded to another integer than exact ones:', counts)
print('sums that 32-bit floats round to another integer than ONNX Runtime:', others)
answers = [session(model, level).run(None, feeds)[0] for level in (LEVELS.ORT_DISABLE_ALL, LEVELS.ORT_ENABLE_ALL)]
print('outputs with all optimizations that differ from those without:', int((answers[0] != answers[1]).sum()))
