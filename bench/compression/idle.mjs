// Loads what `espalier quantize` needs and a model of one node into ONNX Runtime, and ends; what that takes is the memory of an idle process.
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { encodeModel, Graph, GraphBuilder, Model } from 'espalier/onnx';
import 'espalier';

const build = new GraphBuilder(new Graph('idle'));
build.output(build.op('Neg', [build.input('x', 'float32', [1])]), 'y');
const runtime = createNodeRuntime({ threads: 1 });
await runtime.compile(encodeModel(new Model(build.graph, 17)));
await runtime.dispose();
