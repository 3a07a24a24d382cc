// An incident for a person: the verdict first, then where it is, what is lost, who fills the table, what that costs, and
// last, where the eyes are, what to type.

import { eventsOf, type Incident, type Place } from '../evaluate/incident.ts';
import type { CounterName, Facts } from '../facts.ts';
import { adviceLines } from './advice.ts';
import { faultWords } from './faults.ts';
import { type Findings, placeWords, totalOf, usageWords } from './incident.ts';
import { listLines } from './listing.ts';
import { labelOf } from './namespaces.ts';
import type { Palette } from './palette.ts';
import { grouped, indented, wrapped } from './prose.ts';
import { losingLines, settingLines, whereLines } from './report-sections.ts';
import { durationWords, percentWords } from './words.ts';

/** One sentence. */
export function verdictText(found: Findings): string {
  const { incident, facts, drift, log } = found;
  const { place, trouble } = incident;
  const table = `the table of ${placeWords(found, place.table)}`;
  const share = usageWords(place);
  const more = otherPlaces(incident);
  switch (trouble) {
    case 'losing':
      return `${table} is ${isFull(place, facts) ? 'full' : `${share} full`} and losing ${perSecond(place, 'drop')} packets/s${more}`;
    case 'refusing':
      return `${table} is ${share} full and refuses ${perSecond(place, 'chainlength')} packets/s because its hash chains are too long${more}`;
    case 'full':
      return `${table} is full: ${grouped(place.entries)} of ${grouped(facts.max)}, ${lossWords(place)}${more}`;
    case 'filling':
      return `${table} is ${share} full, ${growthWords(place, facts)}${lossWords(place)}${more}`;
    case 'was full':
      return `${pastTable(found)} was full ${durationWords(log.ok ? (log.value.ago ?? 0) : 0)} ago; now ${fineWords(found)}`;
    case 'drift':
      return `${drift}; ${fineWords(found)}`;
    case 'unread':
      return `not every table could be read; of those that were, ${fineWords(found)}`;
    case 'none':
      return isFine(found) ? `not conntrack: ${fineWords(found)}` : fineWords(found);
  }
}

/** Whose the last line of the kernel's log is: of a namespace that may be gone. */
function pastTable(found: Findings): string {
  const { log, sweep } = found;
  const [number] = log.ok ? log.value.namespaces : [];
  if (number === undefined) return 'a table';
  const table = sweep?.others.find((other) => other.number === number);
  return table === undefined ? `the table of net:[${number}]` : `the table of ${labelOf(found, table)}`;
}

function fineWords({ incident: { places } }: Findings): string {
  const [fullest] = places.slice().sort((a, b) => b.entries - a.entries);
  const used = fullest === undefined ? 'nothing' : usageWords(fullest);
  const lost = lostWords(places);
  if (lost === undefined) return `${used} used, drops cannot be seen`;
  if (lost === '') return `${used} used, nothing dropped since boot`;
  const now = isWatched(places) ? 'nothing now' : 'one look cannot tell whether now';
  return `${used} used, ${lost} since boot, ${now}`;
}

/** Since boot; empty for nothing, undefined where it is not known. */
function lostWords(places: readonly Place[]): string | undefined {
  const [dropped, refused] = (['drop', 'chainlength'] as const).map((name) =>
    places.reduce((sum, place) => sum + (totalOf(place, name) ?? 0), 0),
  );
  const words = [counted(dropped, 'dropped'), counted(refused, 'refused for long chains')].filter(Boolean).join(', ');
  return words === '' && places.some((place) => totalOf(place, 'drop') === undefined) ? undefined : words;
}

function counted(events = 0, words: string): string {
  return events === 0 ? '' : `${grouped(events)} ${words}`;
}

function isWatched(places: readonly Place[]): boolean {
  return places.some(({ losses }) => losses !== undefined);
}

/** Whether there is nothing to look for here: not where something was lost, and perhaps just now. */
function isFine({ incident: { places, trouble } }: Findings): boolean {
  return trouble === 'none' && (isWatched(places) || lostWords(places) === '');
}

function otherPlaces({ places }: Incident): string {
  const others = places.filter(({ trouble }) => trouble !== 'none').length - 1;
  return others > 0 ? `, and ${others} more in trouble` : '';
}

function isFull({ entries }: Place, { max }: Facts): boolean {
  // Entries that are refused are counted for a moment, and others end meanwhile.
  return entries >= 0.99 * max;
}

// A table that was looked at once only, as a captured one is, has no rates.
function lossWords(place: Place): string {
  const { losses } = place;
  const total = totalOf(place, 'drop');
  if (losses === undefined)
    return total === undefined
      ? 'drops cannot be seen'
      : `${counted(total, 'dropped') || 'nothing dropped'} since boot`;
  if (eventsOf(losses, 'early_drop') === 0) return 'nothing dropped now';
  return `nothing dropped now, ${perSecond(place, 'early_drop')} entries/s evicted to make room`;
}

function growthWords({ growth, entries }: Place, { max }: Facts): string {
  if (growth === undefined) return '';
  if (growth < 1) return 'not growing, ';
  return `growing by ${grouped(Math.round(growth))}/s, full in ${durationWords((max - entries) / growth)} at this rate, `;
}

function perSecond({ losses }: Place, name: CounterName): string {
  return grouped(Math.max(1, Math.round(eventsOf(losses, name) / (losses?.seconds ?? 1))));
}

/** The whole text behind the verdict, at most 80 columns wide but for commands, paths and names. */
export function reportText(found: Findings, palette: Palette): readonly string[] {
  const section = (title: string, lines: readonly string[]) => ['', palette.title(title), ...lines];
  const whose = placeWords(found, found.subject);
  return [
    palette[found.incident.place.state](gauge(found.incident.place, found.facts)),
    ...section('Where', whereLines(found, palette)),
    ...section(`Losing: ${placeWords(found, found.incident.place.table)}`, losingLines(found, palette)),
    ...section(`Who fills it: ${whose}`, whoLines(found)),
    ...section('Memory and settings', settingLines(found)),
    ...section('What to do', adviceLines(found.advice, !isFine(found), found, palette)),
    ...(found.sudo.length === 0 ? [] : ['', ...wrapped(`sudo would add: ${found.sudo.join(', ')}.`)]),
  ];
}

const GAUGE = 50;

function gauge({ entries, measurements: { usage } }: Place, { max }: Facts): string {
  if (usage.kind !== 'value') return `${grouped(entries)} entries, no limit set`;
  const filled = Math.min(GAUGE, Math.floor((GAUGE * entries) / max));
  const bar = '#'.repeat(filled).padEnd(GAUGE, '.');
  return `[${bar}] ${percentWords(usage.value)} of ${grouped(max)}`;
}

function whoLines(found: Findings): readonly string[] {
  const { listed, facts } = found;
  if (listed.kind === 'list') return [...listLines(listed), ...foreignLines(found), ...elsewhereLines(found)];
  const hint = facts.view === 'captured' ? ' A list that was captured too is given with --entries FILE.' : '';
  return indented(`Not known: ${faultWords(listed.fault)}.${hint}`, '    ');
}

function foreignLines({ isForeign, listed, subject, facts }: Findings): readonly string[] {
  if (!isForeign || listed.kind !== 'list') return [];
  const [entries, count] = [listed.holdings.entries, subject?.entries.ok ? subject.entries.value : facts.count];
  const lengths = `The list has ${grouped(entries)} entries, the table ${grouped(count)}`;
  return indented(`${lengths}: it is another table's, or of another time. No advice is drawn from it.`);
}

// The list is begun before it is known which table loses, and above the limit the fullest may be another.
function elsewhereLines({ incident: { place }, subject }: Findings): readonly string[] {
  const [pid] = place.table?.pids ?? [];
  if (place.trouble === 'none' || pid === undefined || place.table?.key === subject?.key) return [];
  return indented(`The table in trouble is another one: report --pid ${pid} lists that.`);
}
