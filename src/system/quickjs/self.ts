// This process, as /proc and the engine tell.

import * as os from 'qjs:os';
import { exit, getenviron } from 'qjs:std';
import type { Self } from '../contract.ts';
import { bytes } from './bytes.ts';
import { files } from './files.ts';

const STATUS = '/proc/self/status';
const STATUS_BYTES = 1 << 14;

export const self: Self = {
  args: scriptArgs.slice(1),
  environment: getenviron(),
  pid: os.getpid(),
  isX64: BUILD_ARCHITECTURE === 'x64',
  effectiveUser: () => numbers('Uid')[1] ?? 0,
  groups: () => numbers('Gid').slice(1, 2).concat(numbers('Groups')),
  build: `commit ${BUILD_COMMIT}, ${BUILD_ENGINE}`,
  exit,
};

/** `Uid:	real	effective	saved	of file systems`, Gid the same, Groups all supplementary ones: proc_pid_status(5). */
function numbers(name: 'Uid' | 'Gid' | 'Groups'): readonly number[] {
  const [, digits = ''] = new RegExp(`^${name}:([\\d \\t]*)$`, 'm').exec(status()) ?? [];
  return digits.split(/[ \t]/).filter(Boolean).map(Number);
}

function status(): string {
  const descriptor = files.open(STATUS, 'reading');
  if (typeof descriptor !== 'number') return '';
  const into = new Uint8Array(STATUS_BYTES);
  const length = files.read(descriptor, into, 0, into.length);
  files.close(descriptor);
  return typeof length === 'number' ? bytes.toLatin1(into, 0, length) : '';
}
