// Node throws an error that names the errno of the failed system call.

import type { Failed } from '../contract.ts';

/** Returns `EUNKNOWN` for an error that does not come from a system call. */
export function failureOf(error: unknown): Failed {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return { errno: typeof code === 'string' ? code : 'EUNKNOWN' };
}
