export type { Attribute, AttributeLike } from './attributes.js';
export { attributeOf, type BuilderOptions, floatAttribute, GraphBuilder, type Operand } from './builder.js';
export * from './dims.js';
export * from './dtypes.js';
export { roundHalfEven } from './floats.js';
export { type Extras, type FunctionDefinition, Graph, Model, Node, type Use, Value } from './graph.js';
export { type ByteSource, Tensor } from './tensor.js';
export * from './types.js';
