export { decodeTflite, type DecodeOptions as TfliteDecodeOptions } from './reading/import.js';
export { channelsLast, channelsSecond, permuted } from './layout.js';
export { withRealEdges } from './real-edges.js';
export { isTflite } from './wire/decode.js';
export { type EncodeOptions as TfliteEncodeOptions, encodeTflite } from './writing/export.js';
