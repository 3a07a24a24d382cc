// A plan as text: its cost, the commands, the lines for files, and what does not change.

import { bucketBytes } from '../evaluate/footprint.ts';
import type { Plan, Reason } from '../evaluate/sizing.ts';
import type { Machine } from '../model/machine.ts';
import type { Observation } from '../model/observation.ts';
import type { Table } from '../model/table.ts';
import { ineffectiveLines } from '../words/drift-words.ts';
import { placeWords } from '../words/edit-words.ts';
import { grouped, indented, wrapped } from '../words/prose.ts';
import { durable, liveCommands } from '../words/remedies.ts';
import { blockWords, sureWords } from '../words/slab-words.ts';
import { foreign, foreignPath, percentWords, sizeWords } from '../words/words.ts';

/** Returns one line about a limit that must not be set. */
export function misfitWords({ tables: [{ entries }] }: Observation, { limit, largest = 0, obstacle }: Plan): string {
  if (obstacle === 'in use') return `a limit of ${limit} entries would be full at once: ${entries} are in use`;
  const instead = largest === 0 ? 'none fits' : `the largest limit that fits is ${largest}`;
  return `a limit of ${limit} entries does not fit into memory, ${instead}`;
}

export function misfitText(observation: Observation, plan: Plan): readonly string[] {
  const { largest = 0, obstacle } = plan;
  if (obstacle === 'in use') return [...costLines(observation, plan), '', ...wrapped(IN_USE)];
  const instead = `No commands: a full table would need more memory than is available. The largest limit that fits now is ${grouped(largest)}, which leaves no memory for other programs: check_conntrack plan --max ${largest} shows how to set it.`;
  return [...costLines(observation, plan), ...(largest === 0 ? [] : ['', ...wrapped(instead)])];
}

const IN_USE =
  'No commands: new connections would be dropped until enough entries have gone. Choose a limit above what is in use; without --max, plan recommends one.';

function costLines(observation: Observation, plan: Plan): readonly string[] {
  const { machine, tables } = observation;
  const [table] = tables;
  return [
    ...wrapped(headline(table, plan)),
    ...wrapped(REASON_WORDS[plan.reason](table, plan)),
    '',
    'Memory that a full table pins (never swapped)',
    ...memoryLines(machine, plan),
  ];
}

/** Returns the text, at most 80 columns wide except for commands and paths. */
export function planText(observation: Observation, plan: Plan): readonly string[] {
  const { machine, tables } = observation;
  const [table] = tables;
  return [
    ...costLines(observation, plan),
    '',
    'Hash table',
    ...indented(planBucketWords(plan)),
    ...longChainLines(machine, table, plan),
    '',
    'Apply now, as root (lost when the module is reloaded or the machine reboots)',
    ...commandLines(observation, plan),
    '',
    'To make it permanent',
    ...durableLines(observation, plan),
    ...withoutEffect(observation),
    '',
    'What this does not change',
    ...unchangedLines(machine, plan),
  ];
}

function headline({ entries: count, limit: max }: Table, { limit }: Plan): string {
  const share = max === 0 ? '' : `, ${percentWords((100 * count) / max)}`;
  const now = max === 0 ? 'now no limit' : `now ${grouped(max)}`;
  return `A limit of ${grouped(limit)} entries (${now}; ${grouped(count)} in use${share})`;
}

const REASON_WORDS: Readonly<Record<Reason, (table: Table, plan: Plan) => string>> = {
  asked: () => '',
  configured: (_, { configured }) =>
    `Recommended: the limit that ${foreignPath(configured?.path ?? '')} sets. The live limit is below it; check_conntrack -v names the likely cause, if the machine shows one.`,
  enough: ({ limit }, { hasMetLimit }) =>
    `Recommended: the current limit. It is at least four times the current load${hasMetLimit ? `. This limit, or a lower one before it, has been reached since boot (drop or early_drop is above 0): unless that was a flood, double it with check_conntrack plan --max ${Math.min(2 * limit, 2 ** 31 - 1)}` : ', and has not been reached since boot'}.`,
  filling: () =>
    'Recommended: four times the current load, at most twice the current limit, rounded up to whole pages of buckets.',
  no_limit: () =>
    "Recommended: the kernel's usual default, but no more than fits in an eighth of RAM. The current load needs less, but does not show the peaks; without a limit a flood of connections can take all memory.",
  too_large: () =>
    'Recommended: less than the current limit, which would pin more than an eighth of RAM when full and is not needed by the load.',
  in_use: () =>
    'Recommended: a quarter more than is in use. A full table pins more than an eighth of RAM: spread the load, shorten timeouts, or add memory.',
  memory: () =>
    'Recommended: the limit that pins at most an eighth of RAM, or the current limit if that is higher. The load suggests more: spread it, shorten timeouts, or add memory.',
};

// Unseen memory counts as its maximum; without a known maximum the figure is a lower bound.
function moreWord({ certainty, extension, extensionMost }: Plan['cost']): string {
  if (certainty === 'exact') return '';
  return certainty === 'at_least' && extension === extensionMost ? 'at least ' : 'up to ';
}

function memoryLines(machine: Machine, plan: Plan): readonly string[] {
  const { available, memTotal, generation } = machine;
  const { cost, full, hashTable, limit, buckets, extraBytes, share } = plan;
  const sure = sureWords(cost);
  const about = cost.origin === 'estimate' ? 'about ' : '';
  const waste = cost.objectsPerSlab === 1 ? '' : `, ${cost.objectsPerSlab} in ${grouped(cost.slabBytes)} B of slab`;
  const each = `${grouped(limit)} x ${about}${cost.objectSize} B${waste}`;
  const total = full.total + hashTable;
  const ofRam =
    share === undefined || !memTotal.ok ? '' : `, ${percentWords(share)} of ${sizeWords(memTotal.value)} RAM`;
  const rows: readonly (readonly [string, number, string])[] = [
    ['objects', full.objects, each],
    ['extensions', full.extensions, `${grouped(limit)} x ${blockWords(cost)}`],
    ['hash table', hashTable, `${grouped(buckets)} buckets x ${bucketBytes(machine)} B`],
    ['together', total, `${sure}${grouped(total)} B${ofRam}`],
  ];
  const lines = rows.map(([name, bytes, how]) => `  ${name.padEnd(10)} ${sizeWords(bytes).padStart(10)}   ${how}`);
  if (!available.ok) return [...lines, '  Unknown whether it fits: the available memory could not be read.'];
  const room = `${available.value.exact ? '' : 'about '}${sizeWords(available.value.bytes)} available`;
  const others = generation === 'ip_conntrack' ? '' : ' Each further network namespace may fill its own table.';
  const extra = extraBytes > 0 ? `${moreWord(cost)}${sizeWords(extraBytes)} more` : 'no more memory';
  const verdict = plan.fits ? 'It fits' : 'It does NOT fit';
  return [...lines, ...indented(`${verdict}: ${extra} than now, with ${room}.${others}`)];
}

// The buckets of the plan keep chains short.
function longChainLines({ buckets }: Machine, table: Table, { refusesNow }: Plan): readonly string[] {
  if (!buckets.ok || !refusesNow) return [];
  const each = (table.limit / buckets.value).toFixed(1);
  return indented(
    `Now there are ${grouped(buckets.value)} buckets for a limit of ${grouped(table.limit)}, ${each} entries per bucket: this kernel refuses entries in such long chains before the table is full.`,
  );
}

function planBucketWords({ buckets, perBucket, limit, limitAtLoad }: Plan): string {
  const load = (limit / buckets).toFixed(1).replace(/\.0$/, '');
  const count = `${load === '0' ? 'less than 0.1' : load} ${load === '1' ? 'entry' : 'entries'} per bucket`;
  const lowers = limitAtLoad > limit ? ', until sysctl sets the lower one' : ', whether sysctl runs after it or not';
  const start = `A module loaded with it starts with a limit of 8 x ${grouped(buckets)} = ${grouped(limitAtLoad)}${lowers}.`;
  if (limit / buckets < perBucket / 2)
    return `hashsize=${buckets}: ${count}. The kernel already has that many buckets. ${start}`;
  return `hashsize=${buckets}: ${count}. ${BUCKET_REASONS[perBucket]} ${start}`;
}

const BUCKET_REASONS: Readonly<Record<Plan['perBucket'], string>> = {
  4: 'Two to four per bucket keep chains short and still leave something to evict in the eight buckets the kernel scans.',
  8: "Eight per bucket is the module's own ratio.",
};

function commandLines(observation: Observation, plan: Plan): readonly string[] {
  const commands = liveCommands(observation, plan);
  if (commands.length === 0) return [ALREADY];
  const lines = commands.map((command, at) => `  ${at + 1}. ${command}`);
  return observation.tables[0].isInitial
    ? lines
    : [...lines, ...indented('Run these in the initial network namespace: elsewhere the limit may be read-only.')];
}

function durableLines(observation: Observation, plan: Plan): readonly string[] {
  const files = durable(observation, plan).flatMap((file) => [
    `  ${placeWords({ ...file, where: foreign(file.where) })}`,
    ...file.lines.map((line) => `      ${line}`),
  ]);
  const lines = [...files, ...configuredLines(plan)];
  return lines.length === 0 ? [ALREADY] : lines;
}

const ALREADY = '  nothing to do: already set';

function withoutEffect(observation: Observation): readonly string[] {
  const lines = ineffectiveLines(observation).flatMap((line) => indented(`- ${line}`, '    '));
  return lines.length === 0 ? [] : ['', 'Configured without effect', ...lines];
}

// A file that is read at boot is already in the list.
function configuredLines({ configured, limit }: Plan): readonly string[] {
  if (configured === undefined || configured.limit === limit || configured.atBoot) return [];
  const { path, key, value, by } = configured;
  return by === 'sysctl' ? indented(`${foreignPath(path)} sets ${foreign(key)} = ${value} now: change it there.`) : [];
}

function unchangedLines({ generation }: Machine, { expectMax, buckets }: Plan): readonly string[] {
  const lines = [
    `- modprobe ${generation} hashsize=${buckets} does nothing while the module is loaded.`,
    '- Changing the buckets at run time does not change the limit, and vice versa.',
    ...(expectMax === undefined ? [] : [expectationWords(expectMax)]),
  ];
  return lines.flatMap((line) => indented(line, '    '));
}

function expectationWords({ now, atLoad }: NonNullable<Plan['expectMax']>): string {
  const then = now === atLoad ? '' : ` until the module is loaded with this hashsize: ${grouped(atLoad)} then`;
  return `- nf_conntrack_expect_max stays ${grouped(now)}${then}.`;
}
