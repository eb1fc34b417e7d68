export { decodeTflite, type DecodeOptions as TfliteDecodeOptions } from './reading/import.js';
export { isTflite } from './wire/decode.js';
