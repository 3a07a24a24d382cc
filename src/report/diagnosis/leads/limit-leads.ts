// Other tables that were full, and other limits that were reached, in words: expected connections, neighbours, the cloud's,
// Open vSwitch's.

import type { OtherFull } from '../../../model/full-log.ts';
import { GENERATIONS } from '../../../model/generation.ts';
import { grouped } from '../../../words/prose.ts';
import { durationWords, foreign } from '../../../words/words.ts';
import { type ReportFindings, tableWords } from '../../report-findings.ts';
import { type Note, note, rate } from './lead-note.ts';
import type { Lead } from './leads.ts';

type Of<Kind extends Lead['kind']> = Extract<Lead, { kind: Kind }>;

export function expectationClause({ table, present, max, logged }: Of<'expectations'>, found: ReportFindings): string {
  if (table !== undefined && present !== undefined && max !== undefined)
    return `the table of expected connections of ${tableWords(found, table)} is full: ${grouped(present)} of ${grouped(max)}`;
  return `the table of expected connections was full ${durationWords(logged?.ago ?? 0)} ago`;
}

// The packet that announces a connection is dropped where that cannot be noted down.
export function expectationNotes(
  { present, max, table, logged }: Of<'expectations'>,
  found: ReportFindings,
): readonly Note[] {
  const { generation } = found.evaluation.observation.machine;
  const name = `${GENERATIONS[generation].sysctlPrefix}expect_max`;
  const now =
    table === undefined && present !== undefined && max !== undefined
      ? ` Now at most ${grouped(present)} of ${grouped(max)}.`
      : '';
  const raise = max === undefined ? [] : [`sysctl -w ${name}=${Math.max(1, 4 * max)}`];
  const words = `It is another table: helpers (FTP, SIP, TFTP) note down in it which connections are to come, and drop the packets that announce more.${logWords(logged, 'expectation table full')}${now}`;
  return [note(words), ...(raise.length === 0 ? [] : [note(`Raise ${generation}_expect_max, on the host:`, ...raise)])];
}

export function allowanceClause({ allowance, perSecond }: Of<'allowance'>): string {
  return `the cloud drops ${rate(perSecond)} packets/s of ${foreign(allowance.interface)}: its own limit of tracked connections is reached`;
}

export function allowanceNotes({ allowance }: Of<'allowance'>): readonly Note[] {
  const left =
    allowance.available === undefined ? '' : ` ${grouped(allowance.available)} connections may still be made.`;
  const words = `They are dropped outside of this machine, and no setting here ends it: fewer tracked connections, security groups that need no tracking, or a larger instance.${left}`;
  return [note(words, `ethtool -S ${allowance.interface} | grep conntrack_allowance`)];
}

export function zoneClause({ zone: { zone, limit, entries } }: Of<'zone'>): string {
  return `zone ${zone} of Open vSwitch is at its own limit: ${grouped(entries)} of ${grouped(limit)}`;
}

export function zoneNotes({ zone: { zone, limit } }: Of<'zone'>): readonly Note[] {
  const raise = `ovs-appctl dpctl/ct-set-limits zone=${zone},limit=${2 * limit}`;
  return [note('New connections of that zone are refused. To allow twice as many:', raise)];
}

export function neighbourClause({ cache, perSecond, logged }: Of<'neighbours'>): string {
  if (cache === undefined) return `the table of neighbours was full ${durationWords(logged?.ago ?? 0)} ago`;
  return `the table of neighbours, ${cache.name}, has no room ${rate(perSecond)} times/s`;
}

export function neighbourNotes({ cache, logged }: Of<'neighbours'>): readonly Note[] {
  const size =
    cache === undefined
      ? ''
      : ` Now ${grouped(cache.entries)} entries${cache.limit === undefined ? '' : `, gc_thresh3 ${grouped(cache.limit)}`}.`;
  const words = `Packets to addresses that are not in it are lost, in every namespace.${logWords(logged, 'neighbor table overflow')}${size}`;
  const family = cache?.name === 'ndisc_cache' ? 'ipv6' : 'ipv4';
  if (cache?.limit === undefined) return [note(words), note('How many there are now:', 'ip neigh | wc -l')];
  const raise = `sysctl -w net.${family}.neigh.default.gc_thresh3=${4 * cache.limit}`;
  return [note(words), note('Raise gc_thresh3, on the host, if so many neighbours are meant to be there:', raise)];
}

function logWords(logged: OtherFull | undefined, line: string): string {
  if (logged === undefined) return '';
  const lines = logged.lines === 1 ? 'one line' : `${grouped(logged.lines)} lines`;
  return ` The kernel log has ${lines} of "${line}", the last ${durationWords(logged.ago)} ago; it does not say of which namespace.`;
}
