// Types that the bodies of documents share.

// Repeated in the schema at each use, because each use has its own description.
/**
 * @internal
 * @asType integer
 * @minimum 0
 */
export type Count = number;

/** The same names, listed in the schema at each use instead of in a definition. */
export type InPlace<Names extends string> = Names;
