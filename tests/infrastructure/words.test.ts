import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summarizeTrace } from '#dist/infrastructure/runtime/node/trace.js';
import { readWords, runtimeError } from '#dist/infrastructure/runtime/shared/words.js';

/** Messages as onnxruntime-node and onnxruntime-web 1.30 gave them. */
const messages: [said: string, node: string | undefined, message: string][] = [
  [
    'Type parameter (T) of Optype (Add) bound to different types (tensor(float) and tensor(int64) in node (adder)',
    'Add "adder"',
    'Load model from bad.onnx failed:Type Error: Type parameter (T) of Optype (Add) bound to different types (tensor(float) and tensor(int64) in node (adder).',
  ],
  [
    'No Op registered for Frobnicate with domain_version of 21',
    'Frobnicate "frob"',
    'This is an invalid model. In Node, ("frob", Frobnicate, "", -1) : ("a": tensor(float),) -> ("y": tensor(float),) , Error No Op registered for Frobnicate with domain_version of 21',
  ],
  [
    'my.dom:Frobnicate(-1) is not a registered function/op',
    undefined,
    'Fatal error: my.dom:Frobnicate(-1) is not a registered function/op',
  ],
  [
    'Incompatible dimensions for matrix multiplication',
    'MatMul "mm"',
    'Load model from bad.onnx failed:Node (mm) Op (MatMul) [ShapeInferenceError] Incompatible dimensions for matrix multiplication',
  ],
  [
    "Invalid model. Node input 'zz' is not a graph input, initializer, or output of a previous node",
    undefined,
    "Invalid model. Node input 'zz' is not a graph input, initializer, or output of a previous node.",
  ],
  ['Duplicate definition of name (y)', undefined, 'This is an invalid model. Error: Duplicate definition of name (y).'],
  ["nofile.onnx: File doesn't exist", undefined, "Load model from nofile.onnx failed:Load model nofile.onnx failed. File doesn't exist"],
  [
    'MatMul dimension mismatch',
    'MatMul "mm"',
    "Non-zero status code returned while running MatMul node. Name:'mm' Status Message: matmul_helper.h:59 Compute MatMul dimension mismatch",
  ],
  [
    'The input tensor cannot be reshaped to the requested shape. Input shape:{6}, requested shape:{4,4}',
    'Reshape "rs"',
    "Non-zero status code returned while running Reshape node. Name:'rs' Status Message: /onnxruntime_src/onnxruntime/core/providers/cpu/tensor/reshape_helper.h:91 onnxruntime::ReshapeHelper::ReshapeHelper(const onnxruntime::TensorShape&, onnxruntime::TensorShapeVector&, bool) input_shape_size == requested_shape_size was false. The input tensor cannot be reshaped to the requested shape. Input shape:{6}, requested shape:{4,4}\n",
  ],
  [
    'Failed to get a WebGPU adapter: No supported adapters',
    undefined,
    '/onnxruntime_src/onnxruntime/core/providers/webgpu/webgpu_context.cc:136 onnxruntime::webgpu::WebGpuContext::Initialize(const onnxruntime::webgpu::WebGpuContextConfig&)::<lambda()> adapter_result.status == wgpu::RequestAdapterStatus::Success was false. Failed to get a WebGPU adapter: No supported adapters\n',
  ],
  [
    'Pad reflect: post-pad (32) exceeds maximum allowed (3) for axis 1. Input shape:{4,4}',
    'Pad "branch/Pad"',
    "Non-zero status code returned while running If node. Name:'If_0' Status Message: Non-zero status code returned while running Pad node. Name:'branch/Pad' Status Message: Pad reflect: post-pad (32) exceeds maximum allowed (3) for axis 1. Input shape:{4,4}.",
  ],
  [
    'No Op registered for Frobnicate with domain_version of 21',
    undefined,
    "Can't create a session. ERROR_CODE: 6, ERROR_MESSAGE: No Op registered for Frobnicate with domain_version of 21",
  ],
  [
    'The input tensor cannot be reshaped to the requested shape. Input shape:{6}, requested shape:{4,2}',
    undefined,
    'failed to call OrtRun(). ERROR_CODE: 1, ERROR_MESSAGE: /build/onnxruntime/core/providers/cpu/tensor/reshape_helper.h:93 onnxruntime::ReshapeHelper::ReshapeHelper(const TensorShape &, TensorShapeVector &, bool) input_shape_size == requested_shape_size was false. The input tensor cannot be reshaped to the requested shape. Input shape:{6}, requested shape:{4,2}.\n',
  ],
  [
    "Could not find an implementation for Identity(21) node with name 'same'",
    'Identity "same"',
    "Could not find an implementation for Identity(21) node with name 'same'",
  ],
];

for (const [said, node, message] of messages) {
  test(`is read as: ${said.slice(0, 60)}`, () => {
    assert.deepEqual(readWords(message), node === undefined ? { said } : { said, node });
  });
}

test('signatures without a condition are dropped, however they nest', () => {
  const message =
    '/onnxruntime_src/onnxruntime/core/graph/model_load_utils.h:46 void onnxruntime::model_load_utils::ValidateOpsetForDomain(const std::unordered_map<std::__cxx11::basic_string<char>, int>&, const onnxruntime::logging::Logger&, bool, const std::string&, int) ONNX Runtime only *guarantees* support. Current official support for domain ai.onnx is till opset 26.\n';
  assert.equal(
    readWords(message).said,
    'ONNX Runtime only *guarantees* support. Current official support for domain ai.onnx is till opset 26',
  );
  assert.equal(runtimeError(message).fix, 'Export the model at an older opset.');
});

test('a page without a graphics adapter is told of the other backend', () => {
  const error = runtimeError(
    'no available backend found. ERR: [webgpu] Error: Failed to get GPU adapter. You may need to enable flag "--enable-unsafe-webgpu" if you are using Chrome.',
  );
  assert.match(error.what, /^ONNX Runtime: Failed to get GPU adapter/);
  assert.match(error.fix ?? '', /wasm backend/);
});

test('an error names the model file where no node is known', () => {
  assert.equal(runtimeError('Failed to load model because protobuf parsing failed.', 'm.onnx').where, 'm.onnx');
});

test('a trace becomes mean times per run, the costly node first', () => {
  const node = (name: string, dur: number) => ({
    cat: 'Node',
    name: `${name}_kernel_time`,
    dur,
    args: { op_name: 'Relu', provider: 'CPUExecutionProvider' },
  });
  const run = { cat: 'Session', name: 'model_run', dur: 9 };
  const events = [node('a', 2), node('b', 10), run, node('a', 4), node('b', 20), run, { cat: 'Node', name: 'a_fence_before', dur: 99 }];
  assert.deepEqual(summarizeTrace(events), [
    { node: 'b', op: 'Relu', provider: 'CPUExecutionProvider', microseconds: 15, quiet: 10, runs: 2 },
    { node: 'a', op: 'Relu', provider: 'CPUExecutionProvider', microseconds: 3, quiet: 2, runs: 2 },
  ]);
});
