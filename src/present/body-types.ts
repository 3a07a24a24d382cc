// What the bodies of documents have in common.

// Spelled out wherever the schema needs it, for there it has a description of its own.
/**
 * @internal
 * @asType integer
 * @minimum 0
 */
export type Count = number;

/** A machine name of words. */
export type Underscored<Words extends string> = Words extends `${infer First} ${infer Rest}`
  ? `${First}_${Underscored<Rest>}`
  : Words;
