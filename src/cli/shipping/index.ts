export { type FastestRequest, slowInIntegers } from './fastest.js';
export type { Gain } from './gain.js';
export { addInventedOptions, addShippingOptions, type InventedOptions, type ShippingOptions } from './options.js';
export { bytesOf, Refused, type Shipment, type Shipped, ship, shipConverted } from './ship.js';
export { leadingLines, proofLines, shippedFacts } from './text.js';
export { floatForTime, type InTimeRequest } from './within-time.js';
