// Starts a daemon so that nothing of it stays: not its workers, which leave its process group, and not when the
// test runner itself is killed.

import { start } from '../daemon.ts';

/**
 * A PID namespace takes all that runs in it along when its first process ends, and that one ends with the process that
 * started it. It is a shell, since a daemon that changes its user loses the signal of its parent's death.
 */
const CONTAINED = [
  ...['--pdeathsig', 'KILL', 'unshare', '--pid', '--fork', '--kill-child'],
  ...['sh', '-c', '"$@"; exit "$?"', 'sh'],
] as const;

export function startContained(...line: readonly string[]): void {
  start('setpriv', [...CONTAINED, ...line]);
}
