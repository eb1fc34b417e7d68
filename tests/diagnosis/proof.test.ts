import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import {
  excuses,
  inventedFeeds,
  inventedShapes,
  judgedOutputs,
  noiseFaults,
  noiseText,
  prove,
  runnableInputs,
  syntheticSource,
} from 'espalier/diagnosis';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Graph, type GraphBuilder, Model, SymbolicDim, Tensor, type Value } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

type Write = (x: Value, build: GraphBuilder) => void;

/** A model of one input [N, 16]. */
function model(write: Write): Model {
  const made = new Model(new Graph('net'), 17);
  const build = typedBuilder(made.graph, made.opsets);
  write(build.input('x', 'float32', [SymbolicDim.named('N'), 16]), build);
  return made;
}

const scaled =
  (factor: number): Write =>
  (x, build) => {
    build.output(build.op('Mul', [x, build.scalar(factor)]), 'y');
  };

describe('prove', () => {
  it('measures the noise of whole outputs, the worst first', async () => {
    const two = (a: number, b: number) =>
      model((x, build) => {
        build.output(build.op('Mul', [x, build.scalar(a)]), 'good');
        build.output(build.op('Mul', [x, build.scalar(b)]), 'bad');
      });
    const proof = await prove({ before: two(1, 1), after: two(1.01, 1.1), runtime });
    assert.deepEqual([proof.inputs, proof.outputs.map(({ output }) => output)], ['made-up', ['bad', 'good']]);
    // A factor of 1.1 leaves a tenth of the signal as error: 20 dB; one of 1.01 leaves 40.
    assert.ok(Math.abs((proof.outputs[0].sqnr as number) - 20) < 0.01, noiseText(proof.outputs[0]));
    assert.ok(Math.abs((proof.outputs[1].sqnr as number) - 40) < 0.01, noiseText(proof.outputs[1]));
    assert.deepEqual(noiseFaults(proof, two(1, 1)), []);
    const same = await prove({ before: two(1, 1), after: two(1, 1), runtime });
    assert.equal(noiseText(same.outputs[0]), 'identical');
  });

  it('finds an output that is destroyed, and one that is no numbers any more', async () => {
    const before = model(scaled(1));
    const dead = await prove({ before, after: model(scaled(0.1)), runtime });
    assert.match(
      noiseFaults(dead, before)[0],
      /^output "y" has 0\.9 dB SQNR to the original on \d made-up inputs, and 10 dB is the bound$/,
    );
    const broken = await prove({ before, after: model(scaled(Number.NaN)), runtime });
    assert.match(noiseFaults(broken, before)[0], /"y" values are no finite numbers/);
    assert.deepEqual(noiseFaults(dead, before, ['y']), [], 'what a metric judges is not judged again');
    assert.equal(noiseFaults(broken, before, ['y']).length, 1, 'unless it is broken');
  });

  it('blames ill-conditioned inputs where the original does no better with a little noise', async () => {
    // Thousands of turns between -1 and 1: a nudge of a hundredth turns them round.
    const chaotic = (turns: number) => model((x, build) => build.output(build.op('Sin', [build.op('Mul', [x, build.scalar(turns)])]), 'y'));
    const before = chaotic(9000);
    const proof = await prove({ before, after: chaotic(9050), runtime });
    assert.match(
      excuses(proof).join(),
      /^Output "y" .* does not count: the original has -?\d+\.\d dB itself where 1% of noise is added to its inputs\.$/,
    );
    assert.ok((proof.outputs[0].sqnr as number) < 10, noiseText(proof.outputs[0]));
    assert.deepEqual(noiseFaults(proof, before), []);
  });

  it('blames no output that stays near zero as probabilities do, unless it rises in the new model', async () => {
    const unlikely = (bias: number) =>
      model((x, build) =>
        build.output(build.op('Sigmoid', [build.op('Add', [build.op('Mul', [x, build.scalar(0.1)]), build.scalar(bias)])]), 'y'),
      );
    const before = unlikely(-7);
    const proof = await prove({ before, after: unlikely(-6), runtime });
    assert.match(excuses(proof).join(), /^Output "y" has -\d+\.\d dB SQNR on \d made-up inputs, which does not count: it stays below 0\.1/);
    const scores = { output: 'scores', sqnr: 17 };
    assert.deepEqual(
      judgedOutputs({ ...proof, outputs: [...proof.outputs, scores] }),
      [scores],
      'nobody is told of a worst output that is no fault',
    );
    assert.ok((proof.outputs[0].sqnr as number) < 0, noiseText(proof.outputs[0]));
    assert.deepEqual(noiseFaults(proof, before), []);
    assert.equal(noiseFaults(await prove({ before, after: unlikely(1), runtime }), before).length, 1);
  });

  it('counts whole numbers that are the same', async () => {
    const label = (factor: number) =>
      model((x, build) => build.output(build.op('ArgMax', [build.op('Mul', [x, build.scalar(factor)])], { axis: 1 }), 'label'));
    const proof = await prove({ before: label(1), after: label(-1), runtime });
    assert.equal(proof.outputs[0].same, 0);
    assert.match(noiseFaults(proof, label(1))[0], /^of output "label" 0\.0% are the same/);
  });

  it('refuses an output of another shape, unless its shape depends on the numbers', async () => {
    const wide = model((x, build) => build.output(build.op('Concat', [x, x], { axis: 1 }), 'y'));
    const before = model(scaled(1));
    assert.match(
      noiseFaults(await prove({ before, after: wide, runtime }), before)[0],
      /float32 \[1,32\], where the original's is float32 \[1,16\]/,
    );
  });

  it('says why where the original does not run, and throws where the new model does not load', async () => {
    const before = model((x, build) => {
      build.output(build.op('Reshape', [x, build.ints([3, 5])]), 'y');
    });
    const { runs, remark } = await prove({ before, after: model(scaled(1)), runtime });
    assert.equal(runs, 0);
    assert.match(remark ?? '', /^It could not be run on made-up inputs: /);
    const odd = model((x, build) => build.output(build.op('NoSuchOperator', [x]), 'y'));
    await assert.rejects(prove({ before: model(scaled(1)), after: odd, runtime }), { name: 'RuntimeError' });
  });

  it('compares real samples run by run', async () => {
    const before = model(scaled(1));
    const feeds = { x: Tensor.of('float32', [4, 16], new Float32Array(64).fill(1)) };
    const samples = async function* () {
      yield { before: feeds, after: feeds };
      yield { before: feeds, after: feeds };
    };
    const proof = await prove({ before, after: model(scaled(1.1)), runtime, samples });
    assert.deepEqual([proof.inputs, proof.runs, proof.samples], ['samples', 2, 8]);
  });
});

describe('made-up inputs', () => {
  function inputs(...declared: [name: string, dtype: 'float32' | 'int64', shape: (number | string)[]][]): Model {
    const made = new Model(new Graph('net'), 17);
    const build = typedBuilder(made.graph, made.opsets);
    for (const [name, dtype, shape] of declared)
      build.input(
        name,
        dtype,
        shape.map((dim) => (typeof dim === 'number' ? dim : SymbolicDim.named(dim))),
      );
    return made;
  }

  it('are likely for their names and shapes', () => {
    const feeds = inventedFeeds(
      inputs(
        ['image', 'float32', ['N', 3, 'height', 'width']],
        ['state', 'float32', [2, 'M', 8]],
        ['sr', 'int64', []],
        ['audio', 'float32', ['N', 512]],
      ),
    );
    assert.deepEqual(feeds.image.shape, [1, 3, 224, 224]);
    assert.deepEqual(feeds.state.shape, [2, 1, 8]);
    assert.ok(feeds.state.toFloat32().every((value) => value === 0));
    assert.equal(feeds.sr.numbers()[0], 16_000);
    const pixels = feeds.image.toFloat32();
    const steps = pixels.slice(1, 224).map((value, i) => Math.abs(value - pixels[i]));
    assert.ok(steps.reduce((sum, step) => sum + step, 0) / steps.length < 0.5, 'neighbours are alike');
    assert.ok(feeds.audio.toFloat32().every((value) => Math.abs(value) <= 1.2));
  });

  it('take shapes that are given, and one size for one name', () => {
    const shapes = inventedShapes(inputs(['a', 'float32', ['N', 'T', 4]], ['b', 'float32', ['N', 'T']]), { shapes: { a: [2, 7, 4] } });
    assert.deepEqual(shapes, { a: [2, 7, 4], b: [2, 7] });
  });

  it('are a source of samples: the same again for the same index, others for another', async () => {
    const { train } = syntheticSource(inputs(['x', 'float32', ['N', 5]], ['n', 'int64', ['N']]), { samples: 10 });
    const batch = await train.read(Int32Array.of(3, 4, 3));
    const [a, b, c] = [0, 1, 2].map((row) => [...batch.inputs.x.data.slice(5 * row, 5 * row + 5)]);
    assert.deepEqual(a, c);
    assert.notDeepEqual(a, b);
    assert.deepEqual(batch.inputs.n.shape, [3]);
  });
});

describe('runnableInputs', () => {
  it('tries the next likely size where a model does not run with the first', async () => {
    // Reflecting 100 numbers at both ends takes more than 100 of them.
    const before = new Model(new Graph('stream'), 17);
    const build = typedBuilder(before.graph, before.opsets);
    const x = build.input('input', 'float32', [SymbolicDim.named('N'), SymbolicDim.named('T')]);
    const padded = build.op('Pad', [x, build.ints([0, 100, 0, 100])], { mode: 'reflect' });
    build.output(build.op('ReduceMean', [padded], { axes: { type: 'ints', value: [1n] } }), 'y');
    const invented = await runnableInputs(before, runtime);
    const [, length] = inventedFeeds(before, invented).input.shape;
    assert.equal(length, 128);
    const { train } = syntheticSource(before, { ...invented, samples: 4 });
    assert.deepEqual(train.inputs[0].shape, [128]);
  });

  it('leaves fixed sizes as they are', async () => {
    assert.deepEqual(await runnableInputs(new Model(new Graph('none'), 17), runtime, { batch: 2 }), { batch: 2 });
  });
});

it('says which branches with weights no run entered', async () => {
  const before = model((x, build) => {
    const branch = (name: string, size: number) => {
      const inner = build.within(name);
      inner.output(inner.op('MatMul', [x, inner.parameter('w', Tensor.from('float32', [16, 2], Array(32).fill(size)))]));
      return { type: 'graph', value: inner.graph } as const;
    };
    const isUsual = build.op('Less', [build.op('ReduceMean', [x], { keepdims: 0 }), build.scalar(1e6)]);
    build.output(build.op('If', [isUsual], { then_branch: branch('usual', 1), else_branch: branch('rare', 2) }), 'y');
  });
  const { missed, outputs } = await prove({ before, after: before, runtime });
  assert.deepEqual(missed, ['else_branch of If "if"']);
  assert.deepEqual(outputs.map(noiseText), ['identical']);
  assert.equal((await prove({ before: model(scaled(1)), after: model(scaled(1)), runtime })).missed, undefined);
});

describe('answers of a model that gives nothing else', () => {
  const answering = (op: 'ArgMax' | 'Greater', sign: 1 | -1) =>
    model((x, build) => {
      const scores = build.op('Mul', [x, build.scalar(sign)]);
      build.output(op === 'ArgMax' ? build.op('ArgMax', [scores], { axis: 1 }) : build.op('Greater', [scores, build.scalar(0)]), 'y');
    });

  it('have a bound, which chance alone does not break', async () => {
    for (const op of ['ArgMax', 'Greater'] as const) {
      const before = answering(op, 1);
      const other = await prove({ before, after: answering(op, -1), runtime });
      assert.match(
        noiseFaults(other, before)[0] ?? '',
        /^of output "y" \d+\.\d% are the same as the original's on \d made-up inputs, and 90\.0% is the bound$/,
      );
      assert.deepEqual(noiseFaults(other, before, ['y']), [], 'what a metric judges is not judged again');
      assert.deepEqual(noiseFaults(await prove({ before, after: before, runtime }), before), []);
      const outputs = [{ output: 'y', same: 7 / 8, numbers: 8 }];
      assert.deepEqual(noiseFaults({ ...other, ownSame: {}, outputs }, before), []);
      assert.deepEqual(noiseFaults({ ...other, ownSame: { y: 0 } }, before), [], 'the original does no better with a little noise');
      const scores = { output: 'scores', sqnr: 15 };
      assert.deepEqual(noiseFaults({ ...other, outputs: [scores, ...other.outputs] }, before), [], 'scores tell more');
    }
  });

  it('are others than quantities: near levels of grey are as good', async () => {
    const grey = (shift: number) =>
      model((x, build) => {
        const scaled = build.op('Add', [build.op('Mul', [build.op('Sigmoid', [x]), build.scalar(250)]), build.scalar(shift)]);
        build.output(build.op('Cast', [scaled], { to: 2 }), 'y');
      });
    const before = grey(0);
    const near = await prove({ before, after: grey(2), runtime });
    assert.equal(near.outputs[0].same, 0);
    assert.deepEqual(noiseFaults(near, before), []);
    assert.equal(
      noiseFaults(await prove({ before, after: model((x, build) => build.output(build.op('Cast', [x], { to: 2 }), 'y')), runtime }), before)
        .length,
      1,
    );
  });
});
