// All pieces of advice, in the order in which an expert would try them: by effect and safety. The figures support each
// of them; if nothing is wrong, there is none. Each is a file next to this one, which has its condition, commands and
// cost; the undo follows from the commands.

import { withoutRoom } from '../../evaluate/losses.ts';
import { type Case, type GivenAdvice, type ListedCase, TABLE_FULL } from './case.ts';
import { type ClashAdvice, clashAdvice } from './clash.ts';
import { type CulpritAdvice, culpritAdvice } from './culprits.ts';
import { type HalfClosedAdvice, halfClosedAdvice } from './half-closed.ts';
import { type InForceAdvice, inForceAdvice } from './in-force.ts';
import { type KeepAdvice, keepAdvice } from './keep-limit.ts';
import { type BucketAdvice, bucketAdvice } from './more-buckets.ts';
import { type NatPortsAdvice, natPortsAdvice } from './more-nat-ports.ts';
import { lastingRaise, type NoMemoryAdvice, passingRaise, type RaiseAdvice } from './raise-limit.ts';
import { type ReleaseAdvice, releaseAdvice, type UnprovenAdvice } from './release.ts';
import { type RestoreAdvice, restoreAdvice } from './restore-limit.ts';
import { partialTimeout, sufficientTimeout, type TimeoutAdvice } from './shorter-timeout.ts';
import type { Suspicion } from './suspicion.ts';

export type Advice =
  | RestoreAdvice
  | RaiseAdvice
  | BucketAdvice
  | TimeoutAdvice
  | CulpritAdvice
  | HalfClosedAdvice
  | ReleaseAdvice
  | UnprovenAdvice
  | NatPortsAdvice
  | ClashAdvice
  | KeepAdvice
  | NoMemoryAdvice
  | InForceAdvice;

/** `given`: the advice of the rows before it. */
type AdviceRow = (found: Case, given: GivenAdvice) => readonly Advice[];

const OF_A_TABLE: readonly AdviceRow[] = [
  restoreAdvice,
  needsList(halfClosedAdvice),
  needsList(whoFillsIt),
  lastingRaise,
  bucketAdvice,
  natPortsAdvice,
  needsList(sufficientTimeout),
  needsList(untrackedPort),
  needsList(partialTimeout),
  needsList(releasedEntries),
  passingRaise,
];
const OF_CLASHES: readonly AdviceRow[] = [natPortsAdvice, clashAdvice];
const OF_THE_PAST: readonly AdviceRow[] = [keepAdvice];
/** Given in every kind of trouble. */
const ALWAYS: readonly AdviceRow[] = [inForceAdvice];

export function adviceFor(found: Case): readonly Advice[] {
  const given: Advice[] = [];
  for (const row of [...rowsOf(found), ...ALWAYS]) given.push(...row(found, given));
  return given;
}

function rowsOf({ diagnosis: { trouble } }: Case): readonly AdviceRow[] {
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

/** A row that needs the list of a table that is in trouble. */
function needsList(row: (found: ListedCase, given: GivenAdvice) => readonly Advice[]): AdviceRow {
  return (found, given) => {
    const { holdings, diagnosis } = found;
    return holdings === undefined || diagnosis.trouble === 'drift' ? [] : row({ ...found, holdings }, given);
  };
}

// Keeping out a source does not close connections that a program leaves open, unless the source adds new ones.
function whoFillsIt(found: ListedCase, given: GivenAdvice): readonly CulpritAdvice[] {
  const isOpen = given.some(({ kind }) => kind === 'half_closed');
  const culprits = culpritAdvice(suspicionOf(found), found.holdings).filter(({ kind }) => kind !== 'notrack');
  return culprits.filter((advice) => !isOpen || isOfAdder(advice));
}

function untrackedPort(found: ListedCase, given: GivenAdvice): readonly CulpritAdvice[] {
  const isOpen = given.some(({ kind }) => kind === 'half_closed');
  const ports = culpritAdvice(suspicionOf(found), found.holdings).filter(({ kind }) => kind === 'notrack');
  return ports.filter((advice) => !isOpen || isOfAdder(advice));
}

function isOfAdder(advice: CulpritAdvice): boolean {
  return (advice.kind !== 'source' && advice.kind !== 'notrack') || advice.adds !== undefined;
}

function releasedEntries(found: ListedCase): readonly (ReleaseAdvice | UnprovenAdvice)[] {
  if (!TABLE_FULL.includes(found.diagnosis.trouble)) return [];
  const isRemoved = culpritAdvice(suspicionOf(found), found.holdings).some(removesEntries);
  return isRemoved ? [] : releaseAdvice(found.holdings, found);
}

/** True if it also removes the entries of the source or network that it keeps out. */
function removesEntries(advice: CulpritAdvice): boolean {
  return (advice.kind === 'source' || advice.kind === 'network') && advice.spared === undefined;
}

function suspicionOf({ settings, evaluation, diagnosis: { worst }, ...found }: Case): Suspicion {
  const { table, losses, lost } = worst.result;
  const refused = losses === undefined || lost === undefined ? 0 : withoutRoom(lost, losses.events) / losses.seconds;
  const { machine } = evaluation.observation;
  const { arrivals, own, host, ssh, chains } = found;
  const loose = settings.get('tcp_loose');
  return { arrivals, refused, limit: table.limit, machine, own, host, ssh, chains, loose };
}
