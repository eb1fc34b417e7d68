import { nodesOf } from '../nested.js';
import type { Condition } from './pass.js';

export const functionsWrittenOut: Condition = {
  name: 'functions are written out',
  holds: ({ functions }) => functions.length === 0,
};

/** Before IR version 4 every weight was listed as an input. */
export const weightsAreNoInputs: Condition = {
  name: 'weights are not inputs as well',
  holds: ({ graph, irVersion }) => irVersion >= 4 && graph.feeds.length === graph.inputs.length,
};

/** In the main graph; those that it hands out stay nodes. */
export const constantsAreInitializers: Condition = {
  name: 'constants of the main graph are initializers',
  holds: ({ graph }) =>
    !graph.nodes.some(({ op, outputs: [output] }) => op === 'Constant' && output?.constant && !graph.outputs.includes(output)),
};

export const nodesAreNamed: Condition = {
  name: 'every node has a name of its own',
  holds: ({ graph }) => {
    const names = [...nodesOf(graph)].map(({ name }) => name);
    return !names.includes('') && new Set(names).size === names.length;
  },
};

/** As far as rules tell: not every operator has one. */
export const typesAreKnown: Condition = { name: 'types of values are known' };
