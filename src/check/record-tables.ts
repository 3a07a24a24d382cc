// Passes the tables of a check with --record to the recorder, which begins, continues or ends incidents. Loaded only with
// --record. If nothing is wrong and no incident is open, it reads one directory and no file.

import { self } from '#system/self';
import type { RecordIncidents } from '../cli/program.ts';
import type { Evaluation, Histories, TableResult } from '../evaluate/evaluate.ts';
import { type CheckedTable, incidentSigns } from '../evaluate/incident.ts';
import { NOTHING_LOST } from '../evaluate/losses.ts';
import { sampleOf } from '../evaluate/trend.ts';
import { glanceAtIncidents } from '../history/incident-names.ts';
import type { Root } from '../kernel/root.ts';
import type { BootClock, Observation } from '../model/observation.ts';
import { faultWords } from '../words/faults.ts';
import { foreign } from '../words/words.ts';
import { readOwnTableName } from './recall.ts';

interface RecordOptions {
  readonly root: string;
  readonly objectSize: number | undefined;
  readonly stateDir: string | undefined;
}

interface Recorded {
  /** The reason why nothing could be recorded. */
  readonly text: string | undefined;
  /** Number of incidents on record; undefined if unknown. */
  readonly incidents?: number;
}

export async function recordTables(
  root: Root,
  evaluation: Evaluation,
  histories: Histories,
  { root: dir, objectSize, stateDir = '' }: RecordOptions,
  record: RecordIncidents,
): Promise<Recorded> {
  const { observation, results } = evaluation;
  const { clock, machine } = observation;
  const own = histories.get(results[0].table.key);
  // Line 1 already names it.
  if (own?.ok === false) return { text: undefined };
  const name = readOwnTableName(root);
  if (!name.ok) return { text: faultWords(name.fault) };
  if (clock?.ok !== true) return { text: 'the time since boot is unknown' };
  const place = { dir: stateDir, euid: self.effectiveUser() };
  const glance = glanceAtIncidents(place);
  if ('kind' in glance) return { text: faultWords(glance) };
  const tables = results.map((result) => checkedTable(result, histories, name.value, clock.value));
  if (!glance.isOpen && tables.every(({ signs }) => signs.length === 0))
    return { text: undefined, incidents: glance.total };
  const isEverywhere = seesEverything(observation);
  const check = { root: dir, objectSize, stateDir, clock: clock.value, release: machine.release, tables, isEverywhere };
  const text = await record(check, root.deadline).catch(recorderCrash);
  const after = glanceAtIncidents(place);
  return { text, ...('kind' in after ? {} : { incidents: after.total }) };
}

function checkedTable(result: TableResult, histories: Histories, ownTableName: string, clock: BootClock): CheckedTable {
  const { table, lost = NOTHING_LOST, losses } = result;
  const history = histories.get(table.key);
  const past = history?.ok === true && typeof history.value.past !== 'string' ? history.value.past : [];
  return {
    name: table.isOwn ? ownTableName : table.key,
    table,
    signs: incidentSigns(result),
    lost,
    seconds: losses?.seconds,
    past,
    now: sampleOf(table, clock),
  };
}

function seesEverything({ visibility, unread }: Observation): boolean {
  if (visibility?.ok !== true || unread.length > 0) return false;
  const { processes, mounts, mountsKnown } = visibility.value;
  return processes === 'all' && mounts === 0 && mountsKnown;
}

function recorderCrash(error: unknown): string {
  return `internal error, please report it: ${foreign(error instanceof Error ? error.message : 'no error object')}`;
}
