import type { Value } from '../../onnx/index.js';
import type { Formula } from '../shared/formula.js';
import type { Activation } from './recurrent-activations.js';
import { type Cell, type Pass, present, shifted, sums } from './recurrent-cells.js';
import { throughTime } from './through-time.js';

/** C' = forget * C + input * candidate, H' = output * h(C'). Gates are in ONNX's order: input, output, forget, candidate. */
export const lstmCell: Cell = (pass) => {
  const { f, steps, hidden, activations, r, arriving, arrivingAtCell } = pass;
  const [gate, squash, show] = activations;
  const each = [hidden, hidden, hidden, hidden];
  const [toInput, toOutput, toForget, toCandidate] = f.split(sums(pass), 1, each);
  const [peepIn, peepOut, peepForget] = pass.peepholes ? f.split(pass.peepholes, 0, [hidden, hidden, hidden]) : [];
  const candidate = squash.of(f, toCandidate);
  const after = cellStates(pass, { toInput, toForget, candidate, peepIn, peepForget });
  const earlier = shifted(f, pass.cell, after);
  const input = gated(f, gate, toInput, peepIn, earlier);
  const forget = gated(f, gate, toForget, peepForget, earlier);
  const output = gated(f, gate, toOutput, peepOut, after);
  const shown = show.of(f, after);

  // What each sum gets of the gradient of the cell state, or of the hidden state for the output gate.
  const gainIn = f.mul(candidate, gate.slope(f, input));
  const gainOut = f.mul(shown, gate.slope(f, output));
  const gainForget = f.mul(earlier, gate.slope(f, forget));
  const gains = f.concat(1, gainIn, gainOut, gainForget, f.mul(input, squash.slope(f, candidate)));
  const peeped = (direct: Value, ...ways: [Value, Value | undefined][]) =>
    f.add(direct, ...ways.flatMap(([gain, peephole]) => (peephole ? [f.mul(gain, peephole)] : [])));
  const hiddenToCell = peeped(f.mul(output, show.slope(f, shown)), [gainOut, peepOut]);
  const cellToEarlier = peeped(forget, [gainIn, peepIn], [gainForget, peepForget]);
  const { last, collected } = throughTime(f, {
    steps,
    backwards: true,
    start: [arriving.last, arrivingAtCell.last],
    sequences: [gains, hiddenToCell, cellToEarlier, ...present(arriving.each), ...present(arrivingAtCell.each)],
    step: (f, [later, laterCell], [gains, hiddenToCell, cellToEarlier, ...own]) => {
      const ofHidden = f.add(later, ...(arriving.each ? [own[0]] : []));
      const ofCell = f.add(laterCell, f.mul(ofHidden, hiddenToCell), ...(arrivingAtCell.each ? [own.at(-1) as Value] : []));
      const ofSums = f.mul(f.concat(1, ofCell, ofHidden, ofCell, ofCell), gains);
      return { next: [f.matmul(ofSums, r), f.mul(ofCell, cellToEarlier)], collected: [ofSums] };
    },
  });
  const [ofSums] = collected;
  return {
    ofInput: ofSums,
    ofHidden: ofSums,
    hidden: last[0],
    cell: last[1],
    peepholes: () => {
      const [ofInput, ofOutput, ofForget] = f.split(ofSums, 1, each);
      return f.sum(f.concat(1, f.mul(ofInput, earlier), f.mul(ofOutput, after), f.mul(ofForget, earlier)), [0], false);
    },
  };
};

interface Sums {
  toInput: Value;
  toForget: Value;
  candidate: Value;
  peepIn?: Value;
  peepForget?: Value;
}

/** The cell state after each step, of which the operator gives the last only. */
function cellStates({ f, steps, activations, cell }: Pass, { toInput, toForget, candidate, peepIn, peepForget }: Sums): Value {
  const [gate] = activations;
  // Without peepholes the gates do not depend on the cell state, so that they need not wait for it.
  const ahead = (sum: Value, peephole: Value | undefined) => (peephole ? sum : gated(f, gate, sum));
  const { collected } = throughTime(f, {
    steps,
    backwards: false,
    start: [cell],
    sequences: [ahead(toInput, peepIn), ahead(toForget, peepForget), candidate],
    step: (f, [cell], [input, forget, candidate]) => {
      const open = (value: Value, peephole: Value | undefined) => (peephole ? gated(f, gate, value, peephole, cell) : value);
      const next = f.add(f.mul(open(forget, peepForget), cell), f.mul(open(input, peepIn), candidate));
      return { next: [next], collected: [next] };
    },
  });
  return collected[0];
}

/** A gate, which a peephole lets see the cell state. */
function gated(f: Formula, activation: Activation, sum: Value, peephole?: Value, cell?: Value): Value {
  return activation.of(f, peephole && cell ? f.add(sum, f.mul(peephole, cell)) : sum);
}
