// Recorded incidents as text: a table, or one incident with its report.

import type { Lost } from '../evaluate/losses.ts';
import { packetsLost } from '../evaluate/losses.ts';
import { incidentsPath } from '../history/incident-names.ts';
import type {
  IncidentEnd,
  IncidentRecord,
  KeptReport,
  MainSource,
  NatCulprit,
  SinceLoss,
} from '../history/incident-record.ts';
import type { KeptIncident } from '../history/incident-store.ts';
import { localMoment } from '../history/local-time.ts';
import type { Fault, Reading } from '../model/fault.ts';
import { faultWords } from '../words/faults.ts';
import { grouped, hanging, indented, wrapped } from '../words/prose.ts';
import { durationWords, foreign, percentWords } from '../words/words.ts';
import { foreignName } from './incidents-body.ts';

const HEAD = ['   #  start                 lasted        lost    peak', '      table: who fills it'];
const ROW_INDENT = ' '.repeat(6);

export function listText(incidents: readonly KeptIncident[], unread: readonly Fault[]): readonly string[] {
  const hosts = new Set(incidents.map(({ record }) => record.host));
  const rows = incidents.flatMap(({ record }, at) => incidentRow(at + 1, record, hosts.size > 1));
  const hint = 'For a report as it was taken: check_conntrack incidents N.';
  return [...(rows.length === 0 ? [] : ['', ...HEAD, ...rows, '', hint]), ...unreadLines(unread)];
}

function incidentRow(number: number, record: IncidentRecord, withHost: boolean): readonly string[] {
  const figures = [
    String(number).padStart(4),
    `  ${localMoment(record.start)}`,
    durationWords(record.seconds).padStart(9),
    grouped(packetsLost(record.lost)).padStart(12),
    peakShare(record).padStart(8),
  ].join('');
  const table = `${withHost ? `${foreign(record.host)}, ` : ''}${foreignName(record)}`;
  const words = `${table}${record.end === null ? ', ongoing' : ''}: ${mainWords((record.worst ?? record.first).main)}`;
  return [figures, ...hanging(ROW_INDENT, words, `${ROW_INDENT}  `)];
}

function peakShare({ peak, limit }: IncidentRecord): string {
  return limit > 0 ? percentWords((100 * peak) / limit) : grouped(peak);
}

function mainWords(main: MainSource | null): string {
  if (main === null) return 'source unknown';
  const share = `${percentWords(main.share)} ${main.of === 'added' ? 'of what was added' : 'of the entries'}`;
  const name = foreign(main.name);
  if (main.kind === 'nat') return `NAT has no port left to ${name}${natWords(main.nat)}`;
  return main.kind === 'destination' ? `many sources to ${name}, ${share}` : `${name}, ${share}`;
}

/** ` from 203.0.113.1; 10.0.0.7 has 92.0% of the ports`. */
function natWords(nat: NatCulprit | undefined): string {
  if (nat === undefined) return '';
  const user = nat.source === null ? '' : `; ${foreign(nat.source)} has ${percentWords(nat.share)} of the ports`;
  return ` from ${foreign(nat.address)}${user}`;
}

function unreadLines(unread: readonly Fault[]): readonly string[] {
  return unread.length === 0 ? [] : ['', ...unread.flatMap((fault) => wrapped(`Not read: ${faultWords(fault)}.`))];
}

/** `first` is read if it is not the worst one. */
export function incidentText(incident: KeptIncident, worst: Reading<string>): readonly string[] {
  const { record, place, name } = incident;
  const kept = record.worst ?? record.first;
  const field = (title: string, words: string) => hanging(`  ${title.padEnd(10)}`, words, ' '.repeat(12));
  return [
    '',
    ...field('lost', lostWords(record.lost)),
    ...field(
      'peak',
      `${grouped(record.peak)}${record.limit > 0 ? ` of ${grouped(record.limit)}` : ''} entries (${peakShare(record)})`,
    ),
    ...field(
      'who',
      kept.main === null ? 'unknown: nothing stands out, or its list could not be read' : mainWords(kept.main),
    ),
    ...field('end', endWords(record)),
    ...(record.host === '' ? [] : field('host', foreign(record.host))),
    ...field('files', `${incidentsPath(place)}/${name}*`),
    '',
    ...wrapped(`${record.worst === null ? 'The report' : 'The worst report'}, ${takenWords(kept)}:`),
    '',
    ...(worst.ok
      ? worst.value.trimEnd().split('\n')
      : indented(`Missing: ${kept.missing === null ? faultWords(worst.fault) : foreign(kept.missing)}.`)),
    ...(record.worst === null
      ? []
      : ['', ...wrapped(`The first report, ${takenWords(record.first)}, is in the file ${name}-first.txt.`)]),
  ];
}

function lostWords({ full, clash, chain, fullOrClash }: Lost): string {
  const causes: readonly (readonly [number, string])[] = [
    [full, 'dropped because the table was full'],
    [clash, 'lost to clashes'],
    [fullOrClash, 'dropped because the table was full, or lost to clashes'],
    [chain, 'refused for long hash chains'],
  ];
  const words = causes.filter(([packets]) => packets > 0).map(([packets, why]) => `${grouped(packets)} ${why}`);
  return words.length === 0 ? 'nothing' : words.join(', ');
}

const END_WORDS: Readonly<Record<IncidentEnd, string>> = {
  clean: 'a check found nothing wrong',
  reboot: 'the machine was rebooted after this check',
  gone: 'the namespace ended after this check',
  unchecked: 'no check of this table after that',
};

function endWords({ end, ended, last }: IncidentRecord): string {
  if (end === null || ended === null) return `ongoing; last checked ${localMoment(last)}`;
  return `${localMoment(end)}: ${END_WORDS[ended]}`;
}

function takenWords({ at, sinceLoss }: KeptReport): string {
  return `taken ${localMoment(at)}${sinceLoss === null ? '' : `, ${sinceWords(sinceLoss)}`}`;
}

function sinceWords({ kind, seconds }: SinceLoss): string {
  if (kind === 'now') return 'while packets were being lost';
  return `${kind === 'about' ? 'about' : 'at most'} ${durationWords(seconds)} after the last loss`;
}
