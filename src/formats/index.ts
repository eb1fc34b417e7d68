export * from './tflite/index.js';
