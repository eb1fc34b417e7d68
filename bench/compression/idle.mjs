// Loads what `espalier quantize` needs, ONNX Runtime started, and ends; what that takes is the memory of an idle process. The other tools import ONNX Runtime
// and with it start it; Espalier starts it in a thread, with the first model.
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { encodeModel, Graph, GraphBuilder, Model } from 'espalier/onnx';
import 'espalier';

const build = new GraphBuilder(new Graph('idle'));
build.output(build.op('Neg', [build.input('x', 'float32', [1])]), 'y');
const runtime = createNodeRuntime({ threads: 1 });
await runtime.compile(encodeModel(new Model(build.graph, 17)));
await runtime.dispose();
