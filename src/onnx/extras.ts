/** Documentation and unrecognised fields that travel with a graph element through a round trip. */
export interface Extras {
  doc?: string;
  metadata?: Map<string, string>;
  /** Fields that this code does not know, as read. Owned by wire/. */
  wire?: unknown;
}
