import assert from 'node:assert/strict';
import { espalier } from './run.js';

/** Trains a small model of the built-in digits as net.onnx in a folder, and quantizes it as int8.onnx. */
export async function digitModels(folder: string): Promise<void> {
  for (const line of [
    'train --arch survey-cnn --width 0.25 --data digits --epochs 6 --batch-size 64 --threads 1 -o net.onnx',
    'quantize net.onnx --data digits --threads 1 -o int8.onnx',
  ]) {
    const { code, stderr } = await espalier(line.split(' '), { cwd: folder });
    assert.equal(code, 0, stderr);
  }
}
