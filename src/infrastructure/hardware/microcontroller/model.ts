import { lookup } from '../../../base/index.js';
import type { LayerCost } from '../layers.js';
import { boundOf, elementsOf, type HardwareModel, isFree, type LayerEstimation, outputElements } from '../model.js';
import { type Core, cores } from './cores.js';
import { type InstructionCount, instructionKinds } from './counts.js';
import { instructionCounts } from './instructions.js';
import type { MicrocontrollerProfile } from './schema.js';

/** Operators that compute a function of each number, by a table of 256 where numbers are bytes. */
const FUNCTIONS = /^(Sigmoid|Tanh|Exp|Log|Erf|Gelu|Softmax|LogSoftmax|Softplus|Elu|Selu|Pow|Sqrt|Sin|Cos|HardSwish|Mish)$/;
const MOVEMENTS = /^(Transpose|Concat|Split|Slice|Gather\w*|Pad|Expand|Tile|Cast|DepthToSpace|SpaceToDepth|Resize|Scatter\w*|Where)$/;
/** What compiled code folds into the layers beside it. */
const FOLDED = /^(Quantize|Dequantize|DynamicQuantize)Linear$/;

/** Cycles of one instruction where it is not known what they do. */
const USUAL = { plain: 0.5, load: 0.25, store: 0.05, taken: 0.1, branch: 0.1 } as const;

/**
 * A microcontroller that runs compiled C: instructions grow with multiply-accumulates, numbers and layers as was counted on an emulated core, and each
 * takes the cycles that the core's manual has for its kind. An estimate: emulators do not know of memory that is waited for.
 */
export function microcontrollerModel(profile: MicrocontrollerProfile): HardwareModel {
  const { kind, name, title, memoryBytes, storageBytes, clockHertz, microamperesPerMegahertz, volts } = profile;
  const core = cores[profile.core];
  const watts = microamperesPerMegahertz * 1e-6 * (clockHertz / 1e6) * volts;
  return {
    ...{ kind, name, title, memoryBytes, storageBytes, watts, weightsInStorage: true, fuses: 'activations' },
    source: `${profile.source}. ${core.source}`,
    layer: (layer) => estimate(layer, core, clockHertz, watts),
  };
}

function estimate(layer: LayerCost, core: Core, clockHertz: number, watts: number): LayerEstimation {
  if (isFree(layer) || FOLDED.test(layer.op)) return { seconds: 0, cycles: 0, joules: 0, bound: 'start-up' };
  const { perMac, perElement, perLayer, mix } = countsOf(layer, core);
  const perInstruction = cyclesOf(mix ?? USUAL, core);
  const macs = layer.macs ?? 0;
  const results = outputElements(layer);
  const numbers = layer.product ? results : Math.max(results, elementsOf(layer.inputs[0]));
  const parts = { compute: macs * perMac, memory: numbers * perElement, 'start-up': perLayer };
  const cycles = Math.ceil((parts.compute + parts.memory + parts['start-up']) * perInstruction);
  const seconds = cycles / clockHertz;
  return { seconds, cycles, joules: seconds * watts, bound: boundOf(parts) };
}

/** By the operator's name where it was counted itself, else by its kind. */
function countsOf(layer: LayerCost, { set }: Core): InstructionCount {
  const table = instructionCounts[set];
  const types = lookup(table, layer.op) ?? table[kindOf(layer)];
  return lookup(types, layer.arithmetic === 'int8' ? 'int8' : 'float32') ?? types.float32;
}

function kindOf({ op, product }: LayerCost): string {
  if (product) {
    if (product.count > 1 && product.columns === 1) return 'depthwise';
    return product.window > 1 ? 'convolution' : /conv/i.test(op) ? 'pointwise' : 'dense';
  }
  if (/Pool/.test(op)) return 'pooling';
  return FUNCTIONS.test(op) ? 'function' : MOVEMENTS.test(op) ? 'movement' : 'elementwise';
}

/** Cycles of one instruction of such a mix. */
function cyclesOf(mix: NonNullable<InstructionCount['mix']>, { cycles }: Core): number {
  return instructionKinds.reduce((sum, kind) => sum + (mix[kind] ?? 0) * cycles[kind], 0);
}
