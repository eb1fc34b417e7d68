// Loads what `espalier quantize` needs and ends; what that takes is the memory of an idle process.
import 'espalier';
import 'onnxruntime-node';
