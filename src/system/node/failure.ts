// Node throws what a system call refuses, with the name of the errno.

import type { Failed } from '../contract.ts';

/** `EUNKNOWN` for what is no system call's. */
export function failureOf(error: unknown): Failed {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return { errno: typeof code === 'string' ? code : 'EUNKNOWN' };
}
