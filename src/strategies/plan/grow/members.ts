import { architecture as familyOf } from '../../../architectures/index.js';
import type { Point } from '../../../automation/index.js';
import type { FamilyMember } from '../../recipes/base.js';
import { standInRequest } from '../../techniques/stand-in.js';
import type { PlanContext } from '../strategy.js';
import { countedLimits } from './families.js';
import { type Foreseen, foresee, type WeightType, widthThatFits } from './fit.js';
import { shapeOf } from './growth-space.js';

/** The members of families that points build, each in the width that goes with its shape, and what is known of them before they are trained. Each is counted once. */
export class Members {
  readonly #context: PlanContext;
  /** By type of weights and family, of the published shapes. */
  readonly #widths: ReadonlyMap<WeightType, ReadonlyMap<string, number>>;
  readonly #fitted = new Map<string, number>();
  readonly #foreseen = new Map<string, Foreseen>();

  constructor(context: PlanContext, widths: ReadonlyMap<WeightType, ReadonlyMap<string, number>>) {
    this.#context = context;
    this.#widths = widths;
  }

  /** What a point builds: as wide as its shape may be within the limits, times the point's growth. */
  of(point: Point, weights: WeightType): FamilyMember {
    const { architecture: given } = this.#context;
    const name = String(point.family);
    const own = name === given?.name ? given.depth : 1;
    const { depth, ...shape } = shapeOf(point);
    const member = { ...shape, name, depth: own * depth, resolution: given?.resolution };
    const width = this.#widthOf(member, weights, depth === 1 && Object.keys(shape).length === 0);
    return { ...member, width: Number((width * Number(point.growth)).toPrecision(3)) };
  }

  foreseen(point: Point, weights: WeightType): Foreseen {
    const { name, ...size } = this.of(point, weights);
    const { hardware } = this.#context;
    return once(this.#foreseen, JSON.stringify([weights, name, size]), () =>
      foresee(familyOf(name).build({ ...this.#request, ...size, seed: null }), weights, hardware),
    );
  }

  /** The width that fits; of a shape of which none does, that of the published one, which is then refused. */
  #widthOf({ name, ...shape }: Omit<FamilyMember, 'width'>, weights: WeightType, isPublished: boolean): number {
    const published = this.#widths.get(weights)?.get(name) as number;
    if (isPublished) return published;
    const { hardware } = this.#context;
    return once(
      this.#fitted,
      JSON.stringify([weights, name, shape]),
      () => widthThatFits(familyOf(name), { ...this.#request, ...shape }, countedLimits(this.#context), weights, hardware) ?? published,
    );
  }

  get #request() {
    const { original, task } = this.#context;
    return standInRequest(original, task);
  }
}

function once<T>(known: Map<string, T>, key: string, make: () => T): T {
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = make();
  known.set(key, made);
  return made;
}
