import type { Point } from '../../../automation/index.js';
import { checkOptions, needs, type Order, type Technique, type Usual } from '../../../technique/index.js';
import { kindsFirst } from './kinds-first.js';
import { NONE, type Orders, prefixed } from './searched.js';

/** Points of a composed search that usually work. */
export interface FirstPoints {
  /** What a search without a better idea begins with: one of every technique first, the cheap ones before those that train for long, then the others. */
  first: Point[];
  /** Changes as little as may be: nothing, but for the order that every recipe has a technique of. */
  least: Point;
  /** The technique that comes first, as it usually works, and as it does where it is bold; each with the likeliest technique of the last order. */
  mild?: Point;
  strong?: Point;
  /** What is bold in the last order and behind it. */
  boldest?: Point;
  /** The likeliest of each technique between the first and the last order. */
  others: Point[];
}

/** A usual point and whose it is. */
interface Pick {
  order: Order;
  technique: Technique;
  usual: Usual;
}

/** Techniques that a point was composed of. */
interface Composition {
  picks: readonly Pick[];
  point: Point;
}

/** What a technique that trains nothing costs, as a share of a full training. */
const UNTRAINED = 0.05;

/**
 * Composes points of what the techniques say usually works. The last order with such a point (quantization, mostly) ends every recipe: its points are tried
 * alone, those of earlier orders with its likeliest, and bold ones with what trains there, which is tried alone as well. Every technique is seen before a
 * second point of any is tried; of the others, late ones come last.
 */
export function firstPoints(orders: Orders, always?: Order): FirstPoints {
  const picks = [...orders].flatMap(([order, searched]) =>
    searched.flatMap(({ technique, usual }) => usual.map((each): Pick => ({ order, technique, usual: each }))),
  );
  const positions = [...orders.keys()];
  const last = picks.findLast(({ usual }) => !usual.bold)?.order;
  const final = picks.filter(({ order }) => order === last);
  const likeliest = final.find(({ usual }) => !usual.bold);
  const earlier = picks.filter(({ order }) => last !== undefined && positions.indexOf(order) < positions.indexOf(last));
  const point = (...chosen: (Pick | undefined)[]) => pointOf(orders, chosen, always === last ? likeliest : undefined);
  const boldFinal = final.find(({ usual }) => usual.bold);
  const endedBy = (pick: Pick) => [pick, (pick.usual.bold ? boldFinal : undefined) ?? likeliest];
  const ended = (pick: Pick) => point(...endedBy(pick));
  const composed = (...chosen: (Pick | undefined)[]): Composition => ({
    picks: chosen.filter((pick) => pick !== undefined),
    point: point(...chosen),
  });
  const isLate = ({ usual }: Pick) => usual.late === true;
  const alone = final.filter(({ usual }) => !usual.bold);
  const lead = earlier.filter(({ technique }) => technique === earlier[0].technique);
  const one = (pick: Pick | undefined) => pick && point(pick, likeliest);
  const bold = picks.filter(({ order, usual }) => usual.bold && !earlier.some((each) => each.order === order));
  return {
    first: kindsFirst(
      [
        ...alone.filter((pick) => !isLate(pick)).map((pick) => composed(pick)),
        ...earlier.filter((pick) => !isLate(pick)).map((pick) => composed(...endedBy(pick))),
        ...(boldFinal && boldFinal !== likeliest ? [composed(boldFinal)] : []),
        ...alone.filter(isLate).map((pick) => composed(pick)),
        ...earlier.filter(isLate).map((pick) => composed(...endedBy(pick))),
      ],
      {
        kinds: ({ picks: chosen }) => kindsOf(chosen, picks),
        cost: ({ picks: chosen }) => chosen.reduce((sum, pick) => sum + costOf(pick), 0),
      },
    ).map(({ point: each }) => each),
    least: point(),
    mild: one(lead.find(({ usual }) => !usual.bold)),
    strong: one(lead.find(({ usual }) => usual.bold)),
    boldest: bold.length > 0 ? point(...bold) : undefined,
    others: earlier
      .filter((pick, i) => !lead.includes(pick) && earlier.findIndex(({ technique }) => technique === pick.technique) === i)
      .map(ended),
  };
}

/** The techniques that a composition shows: one that is bold shows a technique only where that has nothing milder. */
function kindsOf(chosen: readonly Pick[], all: readonly Pick[]): string[] {
  return chosen
    .filter(({ technique, usual }) => !usual.bold || all.every((each) => each.technique !== technique || each.usual.bold))
    .map(({ technique }) => technique.name);
}

/** Share of a full training that a technique takes. */
function costOf({ technique, usual }: Pick): number {
  const trains = needs(technique, 'gradients', checkOptions(technique, usual.point));
  return UNTRAINED + (trains ? (technique.needs.training ?? 1) : 0);
}

/** The point of the techniques chosen, and of no others; an order behind a technique that excludes it has no value. */
function pointOf(orders: Orders, chosen: readonly (Pick | undefined)[], otherwise: Pick | undefined): Point {
  const point: Record<string, Point[string]> = {};
  const used: Technique[] = [];
  for (const order of orders.keys()) {
    if (used.some(({ excludes }) => excludes?.includes(order))) continue;
    const pick = chosen.find((each) => each?.order === order) ?? (otherwise?.order === order ? otherwise : undefined);
    point[order] = pick?.technique.name ?? NONE;
    if (!pick) continue;
    used.push(pick.technique);
    Object.assign(point, prefixed(pick.technique, pick.usual.point));
  }
  return point;
}
