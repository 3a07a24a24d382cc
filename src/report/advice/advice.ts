// All pieces of advice, in the order in which an expert would try them: by effect and safety. The figures support each
// of them; if nothing is wrong, there is none. Each is a file next to this one, which has its condition, commands and
// cost; the undo follows from the commands.

import type { Trouble } from '../diagnosis/table-trouble.ts';
import type { Case } from './case.ts';
import { clashRow } from './clash.ts';
import { culpritRow, untrackedRow } from './culprit-rows.ts';
import { halfClosedRow } from './half-closed.ts';
import { inForceRow } from './in-force.ts';
import { keepRow } from './keep-limit.ts';
import { bucketRow } from './more-buckets.ts';
import { natPortsRow } from './more-nat-ports.ts';
import { lastingRaiseRow, passingRaiseRow } from './raise-limit.ts';
import { releaseRow } from './release.ts';
import { restoreRow } from './restore-limit.ts';
import { partialTimeoutRow, sufficientTimeoutRow } from './shorter-timeout.ts';

const OF_A_TABLE = [
  restoreRow,
  halfClosedRow,
  culpritRow,
  lastingRaiseRow,
  bucketRow,
  natPortsRow,
  sufficientTimeoutRow,
  untrackedRow,
  partialTimeoutRow,
  releaseRow,
  passingRaiseRow,
];
const OF_CLASHES = [natPortsRow, clashRow];
const OF_THE_PAST = [keepRow];
/** Given in every kind of trouble. */
const ALWAYS = [inForceRow];

type Tables = typeof OF_A_TABLE | typeof OF_CLASHES | typeof OF_THE_PAST | typeof ALWAYS;
export type Advice = ReturnType<Tables[number]>[number];

export function adviceFor(facts: Case): readonly Advice[] {
  const given: Advice[] = [];
  for (const row of [...rowsOf(facts.diagnosis.trouble), ...ALWAYS]) given.push(...row(facts, given));
  return given;
}

function rowsOf(trouble: Trouble): readonly Tables[number][] {
  switch (trouble) {
    case 'none':
    case 'unread':
    case 'elsewhere':
    case 'was_losing':
      return [];
    case 'nat_exhausted':
    case 'clashing':
      return OF_CLASHES;
    case 'was_full':
      return OF_THE_PAST;
    default:
      return OF_A_TABLE;
  }
}
