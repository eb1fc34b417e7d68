import type { Point } from '../../../automation/index.js';
import type { Order, Technique, Usual } from '../../../technique/index.js';
import { NONE, type Orders, prefixed } from './searched.js';

/** Points of a composed search that usually work. */
export interface FirstPoints {
  /** The likeliest of each technique, first alone, then together: what a search without a better idea begins with. */
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

/**
 * Composes points of what the techniques say usually works. The last order with such a point (quantization, mostly) ends every recipe: its points are tried
 * alone, those of earlier orders with its likeliest, and bold ones with what trains there. Late ones come last.
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
  const ended = (pick: Pick) => point(pick, (pick.usual.bold ? final.find(({ usual }) => usual.bold) : undefined) ?? likeliest);
  const isLate = ({ usual }: Pick) => usual.late === true;
  const alone = final.filter(({ usual }) => !usual.bold);
  const lead = earlier.filter(({ technique }) => technique === earlier[0].technique);
  const one = (pick: Pick | undefined) => pick && point(pick, likeliest);
  const bold = picks.filter(({ order, usual }) => usual.bold && !earlier.some((each) => each.order === order));
  return {
    first: [
      ...alone.filter((pick) => !isLate(pick)).map((pick) => point(pick)),
      ...earlier.filter((pick) => !isLate(pick)).map(ended),
      ...alone.filter(isLate).map((pick) => point(pick)),
      ...earlier.filter(isLate).map(ended),
    ],
    least: point(),
    mild: one(lead.find(({ usual }) => !usual.bold)),
    strong: one(lead.find(({ usual }) => usual.bold)),
    boldest: bold.length > 0 ? point(...bold) : undefined,
    others: earlier
      .filter((pick, i) => !lead.includes(pick) && earlier.findIndex(({ technique }) => technique === pick.technique) === i)
      .map(ended),
  };
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
