import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { GraphBuilder, Model, Tensor } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import { lowerGraph, planMemory, prepare } from '#dist/infrastructure/codegen/index.js';
import { cSource } from '#dist/infrastructure/targets/c/index.js';
import { withoutCompiler } from '../../../support/native.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-names-'));
const runtime = createNodeRuntime({ threads: 1 });
after(async () => {
  await runtime.dispose();
  rmSync(folder, { recursive: true });
});

/** Words of C and C++, macros of headers and compilers, types, functions that kernels call, this file's own names, twins, and what is no identifier. */
const inputs = (
  'int nullptr and constexpr thread_local wchar_t main arena memory net_run NET_ARENA_BYTES INFINITY NAN EOF M_PI MIN I errno stdin linux unix ' +
  'int32_t uint8_t float_t memcpy exp expf sqrtf y1 gamma matmul_kernel a.b a/b a_b a:b 入力 вход 7 __x __proto__ constructor'
).split(' ');
const weights = ['exp', 'log', 'gamma', 'y1', 'sqrtf', 'pow', 'errno', 'INFINITY', 'isnan', 'signgam', 'static', 'int64_t', '重み'];

/** The sum of its inputs, by functions of <math.h>, times weights. */
function named(): Model {
  const build = typedBuilder(new Model(new GraphBuilder().graph, 21).graph, new Map([['', 21]]));
  const [first, ...others] = inputs.map((name) => build.input(name, 'float32', [1, 2]));
  let sum = build.op('Sqrt', [build.op('Exp', [first])]);
  for (const other of others) sum = build.op('Add', [sum, build.op('Exp', [other])]);
  for (const name of weights) sum = build.op('MatMul', [sum, build.parameter(`${name}`, Tensor.from('float32', [2, 2], [1, 2, 3, 4]))]);
  build.output(sum, 'return');
  return new Model(build.graph, 21);
}

test('whatever tensors are called, compilers of C and C++ take the code', {
  skip: withoutCompiler() || withoutCompiler('g++'),
}, async () => {
  const lowered = lowerGraph(await prepare(named(), { runtime }));
  const { source, header, parameters } = cSource(lowered, planMemory(lowered.kernels), { name: 'net' });
  assert.equal(new Set(parameters.values()).size, inputs.length + 1);
  for (const parameter of parameters.values()) assert.match(parameter, /^[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*_?$/);
  writeFileSync(join(folder, 'net.h'), header);
  writeFileSync(join(folder, 'net.c'), source);
  const before = ['math.h', 'stdio.h', 'string.h', 'errno.h', 'limits.h', 'complex.h'].map((name) => `#include <${name}>\n`).join('');
  writeFileSync(join(folder, 'use.c'), `${before}#include "net.h"\n`);
  writeFileSync(join(folder, 'use.cpp'), `${before}#include "net.h"\nint main() { return 0; }\n`);
  for (const command of [
    'gcc -std=c99 -Wall -Wextra -Wconversion -Werror -c net.c use.c',
    'gcc -std=gnu17 -Wall -Wextra -Werror -c net.c use.c',
    'g++ -std=c++11 -Wall -Werror -c use.cpp',
    'g++ -std=gnu++20 -Wall -Werror -c use.cpp',
  ]) {
    const [compiler, ...rest] = command.split(' ');
    const { status, stderr } = spawnSync(compiler, rest, { cwd: folder, encoding: 'utf8' });
    assert.equal(status, 0, `${command}: ${stderr.slice(0, 1000)}`);
  }
});
