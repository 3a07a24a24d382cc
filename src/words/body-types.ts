// What the bodies of documents have in common.

// Spelled out wherever the schema needs it, for there it has a description of its own.
/**
 * @internal
 * @asType integer
 * @minimum 0
 */
export type Count = number;

/** The same names. The schema lists them where they stand, instead of referring to a definition. */
export type InPlace<Names extends string> = Names;
