// Faults in words. The contents of a file are never printed: the plugin may run under sudo.

import type { Fault, FaultKind } from '../model/fault.ts';
import { foreignPath } from './words.ts';

// "cannot read" if there are no contents, "cannot use" if the contents make no sense. # is the fault's detail.
const FAULT_WORDS: Readonly<Record<FaultKind, readonly [verb: string, why: string]>> = {
  missing: ['cannot read', 'no such file'],
  denied: ['cannot read', 'permission denied'],
  'not-regular': ['cannot read', 'not a regular file'],
  'not-directory': ['cannot read', 'not a directory'],
  'outside-root': ['cannot read', 'a symbolic link leads out of the root'],
  'too-large': ['cannot read', 'larger than # bytes'],
  io: ['cannot read', '#'],
  timeout: ['timeout before reading', ''],
  empty: ['cannot use', 'empty'],
  'not-a-number': ['cannot use', 'not a number, # bytes'],
  negative: ['cannot use', 'negative'],
  zero: ['cannot use', 'zero'],
  absurd: ['cannot use', 'above 2147483648'],
  malformed: ['cannot use', 'not in a known format'],
  'other-format': ['cannot use', 'it is #'],
  'tool-missing': ['cannot run', 'not installed'],
  'tool-failed': ['cannot run', '#, it needs CAP_NET_ADMIN'],
  'enter-failed': ['cannot enter', '#'],
  'would-load-module': ['did not run', 'it would load #'],
  'not-asked': ['did not read', 'not requested'],
  'not-written': ['cannot write', '#'],
  foreign: ['cannot use', 'it belongs to another user'],
  'others-write': ['cannot use', 'other users may write to it'],
  symlink: ['cannot use', 'a symbolic link'],
  'other-namespace': ['cannot read', "it would show this namespace, not the host's"],
};

/** `cannot read /proc/…: permission denied`. */
export function faultWords({ kind, source, detail = '' }: Fault): string {
  if (kind === 'timeout' && detail !== '') return `timeout ${detail} reading ${foreignPath(source)}`;
  const [verb, why] = FAULT_WORDS[kind];
  const reason = why.replace('#', detail);
  const what = `${verb} ${foreignPath(source)}`;
  return reason === '' ? what : `${what}: ${reason}`;
}
