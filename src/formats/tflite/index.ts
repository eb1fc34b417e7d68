export { channelsLast, channelsSecond, permuted } from './layout.js';
export { composedOperators, type OperatorRow as TfliteOperator, operatorRows as tfliteOperators } from './operators/table.js';
export { type DecodeOptions as TfliteDecodeOptions, decodeTflite } from './reading/import.js';
export { withRealEdges } from './real-edges.js';
export { isTflite } from './wire/decode.js';
export { type EncodeOptions as TfliteEncodeOptions, encodeTflite } from './writing/export.js';
