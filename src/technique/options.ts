import { z } from 'zod';
import type { Technique } from './technique.js';

/** An option as its schema describes it. */
export interface OptionInfo {
  name: string;
  /** What it may be: "number", "min-max | mse", … */
  values: string;
  /** The values where there are only so many. */
  choices?: readonly (string | number | boolean)[];
  kind: 'number' | 'text' | 'switch' | 'list' | 'other';
  /** Absent where the technique goes without, or must be given. */
  preset?: unknown;
  required: boolean;
  description: string;
}

interface Property {
  type?: string;
  enum?: (string | number | boolean)[];
  anyOf?: Property[];
  items?: Property;
  const?: string | number | boolean;
  default?: unknown;
  description?: string;
}

/** A technique's options in the order of its schema. */
export function optionsOf({ schema }: Pick<Technique, 'schema'>): OptionInfo[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input' }) as {
    properties?: Record<string, Property>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    values: valuesOf(property),
    ...(property.enum && { choices: property.enum }),
    kind: kindOf(property),
    ...(property.default !== undefined && { preset: property.default }),
    required: required.includes(name),
    description: property.description ?? '',
  }));
}

/** The options that have so many values only, and these. */
export function choicesOf(technique: Pick<Technique, 'schema'>): (readonly [option: string, values: NonNullable<OptionInfo['choices']>])[] {
  return optionsOf(technique).flatMap(({ name, choices = [] }) => (choices.length > 0 ? [[name, choices] as const] : []));
}

function kindOf({ type, enum: choices, items }: Property): OptionInfo['kind'] {
  if (choices || type === 'string') return 'text';
  if (type === 'number' || type === 'integer') return 'number';
  if (type === 'boolean') return 'switch';
  return type === 'array' && items?.type === 'string' ? 'list' : 'other';
}

function valuesOf({ type, enum: choices, anyOf, const: only, items }: Property): string {
  if (anyOf) return anyOf.map(valuesOf).join(' | ');
  if (type === 'array') return items?.type ? `list of ${items.type}s` : 'list';
  return choices?.join(' | ') ?? (only === undefined ? type : String(only)) ?? 'any';
}
