// Starts a daemon so that nothing of it is left: neither its workers, which leave its process group, nor, if the test
// runner is killed, the daemon itself.

import { start } from '../daemon.ts';

/**
 * When the first process of a PID namespace ends, all others in it are killed, and that one ends with the process that
 * started it. It is a shell, because a daemon that changes its user loses the signal of its parent's death.
 */
const CONTAINED = [
  ...['--pdeathsig', 'KILL', 'unshare', '--pid', '--fork', '--kill-child'],
  ...['sh', '-c', '"$@"; exit "$?"', 'sh'],
] as const;

export function startContained(...line: readonly string[]): void {
  start('setpriv', [...CONTAINED, ...line]);
}
