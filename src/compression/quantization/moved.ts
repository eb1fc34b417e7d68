import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Model } from '../../onnx/index.js';
import { type Planned, planWithoutData, type WithoutDataOptions } from './dynamic.js';
import { type MovedAlone, movedAlone } from './scales/alone.js';
import type { Migration } from './scales/migrate.js';

/** When scales move, as options of techniques have it: where that helps, always, or never. */
export type When = 'auto' | 'always' | 'never';

/** Which kinds of scales move always, and which where it helps. */
export type Moves = Readonly<Record<'always' | 'auto', readonly Migration[]>>;

export function movesOf({ equalize, smooth }: Readonly<Record<Migration, When>>): Moves {
  const all = Object.entries({ equalize, smooth }) as [Migration, When][];
  const asked = (when: When) => all.filter(([, each]) => each === when).map(([kind]) => kind);
  return { always: asked('always'), auto: asked('auto') };
}

/** A plan for a prepared model, some of whose scales were moved by its constants alone. */
export async function planMoved(
  source: Model,
  runtime: Runtime,
  options: WithoutDataOptions,
  kinds: readonly Migration[],
  opset?: number,
): Promise<Planned & Pick<MovedAlone, 'places'>> {
  const planned = await planWithoutData(source, runtime, options, opset);
  const moved = movedAlone(planned.model, kinds, options.perChannel ?? true);
  return { ...planned, places: new Map(), ...moved };
}

/** What was moved, for people. */
export function remarksOfMoves(places: ReadonlyMap<Migration, number>): string[] {
  const words = {
    equalize: 'Scales were equalized across layers',
    smooth: 'Scales of activations were moved into the layers that read them',
  };
  return [...places].map(([kind, count]) => `${words[kind]}, by the model's own constants, in ${count} place(s).`);
}
