// The sections of a report that tell of tables, of what they lose, and of how they are set up.

import { footprint, hashTableBytes } from '../evaluate/footprint.ts';
import { eventsOf, type Place } from '../evaluate/incident.ts';
import { atLeast } from '../evaluate/kernel-version.ts';
import { COUNTERS, type CounterName, type Facts, type FullLog, type NamespaceTable, type Reading } from '../facts.ts';
import { faultWords } from './faults.ts';
import { type Findings, placeWords, totalOf, usageWords } from './incident.ts';
import { hidingLines, labelOf, sightWords } from './namespaces.ts';
import type { Palette } from './palette.ts';
import { grouped, hanging, indented } from './prose.ts';
import { durationWords, foreignPath, sizeWords } from './words.ts';

const MOST_PLACES = 10;
const LABEL_AT = ' '.repeat(45);

/** The tables, the one in trouble first, then the fullest. */
export function whereLines(found: Findings, palette: Palette): readonly string[] {
  const { incident, sweep } = found;
  const [, ...rest] = incident.places;
  const shown = [incident.place, ...rest.filter((place) => place.entries > 0 || (totalOf(place, 'drop') ?? 0) > 0)];
  const unread = (sweep?.others ?? []).flatMap((table) => (table.entries.ok ? [] : [table.entries.fault]));
  return [
    '     entries   usage    drop/s   all drops',
    ...shown.slice(0, MOST_PLACES).flatMap((place) => placeRow(found, place, palette)),
    ...(shown.length > MOST_PLACES ? [`  and ${shown.length - MOST_PLACES} more with entries or drops`] : []),
    ...indented(`${sweep === undefined ? 'this table alone' : sightWords(sweep)}.`),
    ...unread.slice(0, 1).flatMap((fault) => indented(`${unread.length} not read: ${faultWords(fault)}.`)),
    ...(sweep === undefined ? [] : hidingLines(sweep.sight).flatMap((line) => indented(`${line}.`))),
  ];
}

function placeRow(found: Findings, place: Place, palette: Palette): readonly string[] {
  const total = totalOf(place, 'drop');
  const figures = [
    grouped(place.entries).padStart(12),
    shareWords(place).padStart(8),
    rateWords(place, 'drop').padStart(10),
    (total === undefined ? '-' : grouped(total)).padStart(12),
  ].join('');
  const shown = place.state === 'ok' ? figures : palette[place.state](figures);
  const [first = '', ...further] = hanging('', tableWords(found, place.table), LABEL_AT);
  return [`${shown}   ${first}`, ...further];
}

function shareWords(place: Place): string {
  return place.measurements.usage.kind === 'value' ? usageWords(place) : '-';
}

// In this column everything is a namespace.
function tableWords(found: Findings, table: NamespaceTable | undefined): string {
  return table === undefined ? placeWords(found, table) : labelOf(found, table).replace(/^namespace (?:of )?/, '');
}

function rateWords({ losses }: Place, name: CounterName): string {
  if (losses === undefined) return '-';
  const rate = eventsOf(losses, name) / losses.seconds;
  return rate > 0 && rate < 1 ? rate.toFixed(1) : grouped(Math.round(rate));
}

const COUNTER_WORDS: Readonly<Record<CounterName, string>> = {
  drop: 'dropped: the table was full',
  early_drop: 'evicted to let new ones in: no packet lost',
  insert_failed: 'insertions failed: overlaps the others',
  chainlength: 'refused: a hash chain was too long',
};

/** Of the table in trouble: the counters between the two looks and since boot, and the kernel's log. */
export function losingLines({ incident, log, facts }: Findings, palette: Palette): readonly string[] {
  const { place } = incident;
  const { statistics } = place.table ?? facts;
  const row = (words: string, rate: string, total: string) =>
    `  ${words.padEnd(57)}${place.losses === undefined ? '' : rate.padStart(9)}${total.padStart(12)}`;
  const rows = COUNTERS.filter((name) => place.measurements[name].kind === 'value').map((name) => {
    const words = `${name.padEnd(14)}${COUNTER_WORDS[name]}`;
    const line = row(words, `${rateWords(place, name)}/s`, grouped(totalOf(place, name) ?? 0));
    return isLoss(place, name) ? palette.critical(line) : line;
  });
  const head = row('', `over ${durationWords(place.losses?.seconds ?? 0)}`, 'since boot');
  const counters = statistics.ok ? [head, ...rows] : indented(`No counters: ${faultWords(statistics.fault)}.`, '    ');
  return [...counters, ...logLines(log)];
}

function isLoss({ losses }: Place, name: CounterName): boolean {
  return (name === 'drop' || name === 'chainlength') && eventsOf(losses, name) > 0;
}

function logLines(log: Reading<FullLog>): readonly string[] {
  if (!log.ok) return log.fault.kind === 'not-asked' ? [] : indented(`Kernel log: ${faultWords(log.fault)}.`, '    ');
  const { lines, first = '', last = '', ago = 0, namespaces } = log.value;
  const source = foreignPath(log.source);
  if (lines === 0) return indented(`No "table full" in the kernel log (${source}).`);
  const where =
    namespaces.length === 0
      ? ''
      : `, in net:[${namespaces.slice(0, 3).join('], net:[')}]${namespaces.length > 3 ? ` and ${namespaces.length - 3} more` : ''}`;
  const times = lines === 1 ? `at ${last}` : `from ${first} to ${last}`;
  const count = lines === 1 ? 'One "table full" line' : `${grouped(lines)} "table full" lines`;
  return indented(`${count} ${times}, the last ${durationWords(ago)} ago${where} (${source}).`, '    ');
}

/** Memory, limit and buckets. */
export function settingLines(found: Findings): readonly string[] {
  const { facts, surroundings, drift } = found;
  const { available } = surroundings;
  const { max, maxSource } = facts;
  return [
    ...setting('slab', slabWords(found)),
    ...(available.ok ? setting('available', `${sizeWords(available.value.bytes)} of RAM`) : []),
    ...setting('limit', `${max === 0 ? 'none' : grouped(max)} (${foreignPath(maxSource)})`),
    ...setting('buckets', bucketWords(facts)),
    ...(drift === '' ? [] : setting('configured', drift)),
  ];
}

function setting(name: string, words: string): readonly string[] {
  return hanging(`  ${name.padEnd(12)}`, words, ' '.repeat(14));
}

function slabWords({ facts: { max }, incident, cost }: Findings): string {
  if (!cost.ok) return `not known: ${faultWords(cost.fault)}`;
  const about = cost.value.origin === 'estimate' ? 'about ' : '';
  const now = sizeWords(footprint(cost.value, incident.place.entries).total);
  const full = max === 0 ? '' : `, ${about}${sizeWords(footprint(cost.value, max).total)} when full`;
  return `${about}${now} now${full}; it is never swapped`;
}

// A chain of more than 50 refuses entries from 5.15 on: 25 on the average is where that begins.
const LONG_CHAINS = 25;

function bucketWords({ buckets, max, release }: Facts): string {
  if (!buckets.ok) return `not known: ${faultWords(buckets.fault)}`;
  const load = max / buckets.value;
  const each = max === 0 ? '' : `, ${load.toFixed(1)} entries in each when full`;
  const refuses = release.ok && atLeast(release.value, 5, 15) && load > LONG_CHAINS;
  const long = refuses ? ': chains so long that the kernel refuses entries before it is full' : '';
  return `${grouped(buckets.value)}${each}${long}, ${sizeWords(hashTableBytes(buckets.value))} of memory`;
}
