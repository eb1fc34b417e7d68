import type { Value } from '../../onnx/index.js';
import { type Cell, type Pass, present } from './recurrent-cells.js';
import { throughTime } from './through-time.js';

/** H' = (1 - update) * candidate + update * H, candidate = g(x w + (reset * H) r). Gates are in ONNX's order: update, reset, candidate. */
export const gruCell: Cell = (pass) => {
  const { f, steps, hidden, activations, x, before, w, bias, arriving } = pass;
  const [gate, squash] = activations;
  const [weightOfGates, weightOfCandidate] = f.split(pass.r, 0, [2 * hidden, hidden]);
  // Nothing comes between the two biases.
  const given = f.gemm(x, w, { transB: true, plus: bias && f.add(bias.w, bias.r) });
  const [toGates, toCandidate] = f.split(given, 1, [2 * hidden, hidden]);
  const gates = gate.of(f, f.gemm(before, weightOfGates, { transB: true, plus: toGates }));
  const [update, reset] = f.split(gates, 1, [hidden, hidden]);
  const kept = f.mul(reset, before);
  const candidate = squash.of(f, f.gemm(kept, weightOfCandidate, { transB: true, plus: toCandidate }));
  const gains = gainsOf(pass, update, candidate);
  const { last, collected } = throughTime(f, {
    steps,
    backwards: true,
    start: [arriving.last],
    sequences: [update, reset, gains.update, f.mul(before, gate.slope(f, reset)), gains.candidate, ...present(arriving.each)],
    step: (f, [later], [update, reset, gainUpdate, gainReset, gainCandidate, ...own]) => {
      const ofHidden = f.add(later, ...own);
      const ofCandidate = f.mul(ofHidden, gainCandidate);
      const ofKept = f.matmul(ofCandidate, weightOfCandidate);
      const ofGates = f.concat(1, f.mul(ofHidden, gainUpdate), f.mul(ofKept, gainReset));
      const next = f.add(f.matmul(ofGates, weightOfGates), f.mul(ofHidden, update), f.mul(ofKept, reset));
      return { next: [next], collected: [ofGates, ofCandidate] };
    },
  });
  const [ofGates, ofCandidate] = collected;
  const ofSums = f.concat(1, ofGates, ofCandidate);
  return {
    ofInput: ofSums,
    ofHidden: ofSums,
    r: () => f.concat(0, f.gemm(ofGates, before, { transA: true }), f.gemm(ofCandidate, kept, { transA: true })),
    hidden: last[0],
  };
};

/** The same with candidate = g(x w + reset * (H r)): `linear_before_reset`, as cuDNN and PyTorch have it. */
export const gruCellResetLast: Cell = (pass) => {
  const { f, steps, hidden, activations, x, before, w, r, bias, arriving } = pass;
  const [gate, squash] = activations;
  const [inputToGates, inputToCandidate] = f.split(f.gemm(x, w, { transB: true, plus: bias?.w }), 1, [2 * hidden, hidden]);
  const [hiddenToGates, hiddenToCandidate] = f.split(f.gemm(before, r, { transB: true, plus: bias?.r }), 1, [2 * hidden, hidden]);
  const [update, reset] = f.split(gate.of(f, f.add(inputToGates, hiddenToGates)), 1, [hidden, hidden]);
  const candidate = squash.of(f, f.add(inputToCandidate, f.mul(reset, hiddenToCandidate)));
  const gains = gainsOf(pass, update, candidate);
  const gainReset = f.mul(gains.candidate, hiddenToCandidate, gate.slope(f, reset));
  const { last, collected } = throughTime(f, {
    steps,
    backwards: true,
    start: [arriving.last],
    sequences: [update, f.concat(1, gains.update, gainReset, f.mul(gains.candidate, reset)), ...present(arriving.each)],
    step: (f, [later], [update, gains, ...own]) => {
      const ofHidden = f.add(later, ...own);
      const ofSums = f.mul(f.concat(1, ofHidden, ofHidden, ofHidden), gains);
      return { next: [f.add(f.matmul(ofSums, r), f.mul(ofHidden, update))], collected: [ofHidden, ofSums] };
    },
  });
  const [ofStates, ofHidden] = collected;
  const [ofGates] = f.split(ofHidden, 1, [2 * hidden, hidden]);
  return { ofInput: f.concat(1, ofGates, f.mul(ofStates, gains.candidate)), ofHidden, hidden: last[0] };
};

/** What the sums of the update gate and of the candidate get of the hidden state's gradient. */
function gainsOf({ f, activations, before }: Pass, update: Value, candidate: Value): { update: Value; candidate: Value } {
  const [gate, squash] = activations;
  return {
    update: f.mul(f.sub(before, candidate), gate.slope(f, update)),
    candidate: f.mul(f.sub(1, update), squash.slope(f, candidate)),
  };
}
