import type { Condition, Parameter, Point, SpaceDefinition, Value } from '../../../automation/index.js';
import type { Model } from '../../../onnx/index.js';
import {
  checkOptions,
  type Effect,
  needs,
  type Options,
  ORDERS,
  type Order,
  optionsOf,
  type Recipe,
  type Scope,
  type Technique,
  type TechniqueRegistry,
  type Usual,
} from '../../../technique/index.js';
import type { Task } from '../../../training/index.js';
import { type FirstPoints, firstPoints } from './first-points.js';
import { NONE, type Orders, prefixed, type Searched } from './searched.js';

/** What of a registry is searched. */
export interface ComposeRequest {
  registry: TechniqueRegistry;
  model: Model;
  task: Task;
  scope: Scope;
  effects: readonly Effect[];
  /** The order that every recipe has a technique of, unless an earlier technique excludes it. Default: none. */
  always?: Order;
  /** Choices that a strategy has of options, by "technique.option", where they are fewer than the technique's own. */
  narrow?: Readonly<Record<string, readonly Value[]>>;
}

/** What a strategy gives to a technique that trains, as far as it has options of the names: epochs, augmentations. */
export type Given = (technique: Technique, options: Options) => Options;

/** A search over techniques: a parameter for each order, whose value is the technique or "none", and those of each technique as "technique.option". */
export interface Composed extends FirstPoints {
  space: SpaceDefinition;
  /** The recipe of a point, in the order of the techniques. */
  steps(point: Point, given: Given): Recipe;
}

/**
 * Makes a search of the techniques after training that have what is wanted, by order, effect and space, whoever added them. Packaging is not searched: that
 * it pays is known.
 */
export function compose(request: ComposeRequest): Composed {
  const orders = ordersOf(request);
  const space: Record<string, Parameter> = {};
  for (const [order, searched] of orders) {
    const names = searched.map(({ technique }) => technique.name);
    space[order] = { type: 'categorical', choices: request.always === order ? names : [NONE, ...names], ...conditionOf(order, orders) };
    for (const { technique, space: own } of searched)
      for (const [option, { when, ...parameter }] of Object.entries(own))
        space[`${technique.name}.${option}`] = {
          ...parameter,
          when: { [order]: technique.name, ...prefixed(technique, when) },
        } as Parameter;
  }
  return { space, ...firstPoints(orders, request.always), steps: (point, given) => stepsOf(point, given, orders) };
}

function ordersOf({ registry, model, task, scope, effects, narrow = {} }: ComposeRequest): Orders {
  const found = new Map<Order, Searched[]>();
  for (const order of ORDERS.slice(ORDERS.indexOf('train') + 1, ORDERS.indexOf('package'))) {
    const searched = registry.all().flatMap((technique): Searched[] => {
      if (technique.order !== order || !technique.effects.some((effect) => effects.includes(effect))) return [];
      const space = technique.space(model, task, scope);
      return space ? [narrowed({ technique, space, usual: technique.usual?.(model, task, scope) ?? [] }, narrow)] : [];
    });
    if (searched.length > 0) found.set(order, searched);
  }
  return found;
}

/** With the choices that a strategy leaves, the options that still have their turn, and the usual points that lie within. */
function narrowed({ technique, space, usual }: Searched, narrow: NonNullable<ComposeRequest['narrow']>): Searched {
  const choicesOf = (option: string) => narrow[`${technique.name}.${option}`];
  // An option whose turn comes with another one goes with it.
  const canHold = ({ when = {} }: Parameter): boolean =>
    Object.entries(when).every(([option, values]) => {
      const isLeft = choicesOf(option)?.some((choice) => [values].flat().includes(choice)) ?? true;
      return isLeft && (!Object.hasOwn(space, option) || canHold(space[option]));
    });
  const within = Object.entries(space).flatMap(([option, parameter]): [string, Parameter][] => {
    if (!canHold(parameter)) return [];
    const choices = choicesOf(option);
    return [[option, choices ? { type: 'categorical', choices, ...(parameter.when && { when: parameter.when }) } : parameter]];
  });
  const fits = ({ point }: Usual) => Object.entries(point).every(([option, value]) => choicesOf(option)?.includes(value) ?? true);
  return { technique, space: Object.fromEntries(within), usual: usual.filter(fits) };
}

/** When an order has its turn: not behind techniques that exclude it. */
function conditionOf(order: Order, orders: Orders): { when?: Condition } {
  const when: Record<string, readonly string[]> = {};
  for (const [earlier, searched] of orders) {
    if (earlier === order) break;
    const allowed = searched.filter(({ technique }) => !technique.excludes?.includes(order));
    if (allowed.length < searched.length) when[earlier] = [NONE, ...allowed.map(({ technique }) => technique.name)];
  }
  return Object.keys(when).length > 0 ? { when } : {};
}

function stepsOf(point: Point, given: Given, orders: Orders): Recipe {
  return [...orders].flatMap(([order, searched]) => {
    const technique = searched.find((each) => each.technique.name === point[order])?.technique;
    if (!technique) return [];
    const prefix = `${technique.name}.`;
    const own = Object.entries(point).filter(([key]) => key.startsWith(prefix));
    const options = Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
    return [{ technique: technique.name, options: { ...options, ...gifts(technique, options, given) } }];
  });
}

function gifts(technique: Technique, options: Options, given: Given): Options {
  if (!needs(technique, 'gradients', checkOptions(technique, options))) return {};
  const known = new Set(optionsOf(technique).map(({ name }) => name));
  return Object.fromEntries(Object.entries(given(technique, options)).filter(([name]) => known.has(name)));
}
