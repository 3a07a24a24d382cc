// Measures what each executable costs, in pairs with a well-known program in one run. Only the ratios are meaningful:
// machines differ, and the same machine differs from minute to minute. Budgets: the project's contract. The number of
// pairs is an argument (200); with --growth, shows instead how cost grows with the size of the machine.

import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCrowd } from './crowd.mjs';
import { benchGrowth } from './growth.mjs';
import { nodeBinary } from './node-matrix.mjs';
import { top } from './top.mjs';

const NODE = '24';
const CHECK_LOAD = '/usr/lib/nagios/plugins/check_load';
const TIME = '/usr/bin/time';
const WARM_UP = 3;
const PROCESSES = 10_000;
const NAMESPACES = 40;
const ENTRIES = 1_000_000;
const MAX = '/proc/sys/net/netfilter/nf_conntrack_max';
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
const isGrowth = process.argv[2] === '--growth';
const pairs = isGrowth ? 0 : Number(process.argv[2] ?? 200);
const isRoot = process.geteuid() === 0;
/** Titles of measurements over their budgets. */
const over = [];

// Every user may enter it, and no package.json is near it, as at the usual place of a plugin: Node searches for one at
// each start.
const scratch = mkdtempSync(join(tmpdir(), 'check_conntrack-bench-'));
chmodSync(scratch, 0o755);
const inScratch = (name) => join(scratch, name);

// Removes the scratch directory, even if the benchmark is killed: the end of its input comes in any case.
const janitor = spawn('sh', ['-c', 'read -r _; rm -rf "$1"', 'sh', scratch], {
  detached: true,
  stdio: ['pipe', 'ignore', 'inherit'],
});

try {
  const executables = await installed();
  if (isGrowth) await benchGrowth(executables, { isRoot, missing, writeList, timed, peakMemory, median });
  else await benchBudgets(executables);
} finally {
  janitor.stdin.end();
}

async function benchBudgets(executables) {
  for (const executable of executables) {
    benchFile(executable);
    benchStartUp(executable);
  }
  await benchSweep(executables);
  benchCapturedList(executables);
  benchLiveList(executables);
  if (over.length > 0) console.log(red(`Over budget:\n${over.map((title) => `  ${title}`).join('\n')}`));
}

/** The executables: for each the words that run it, the yardstick of its start, and its budgets. */
async function installed() {
  writeFileSync(inScratch('empty'), '');
  // node may be in a directory that only root can enter.
  copyFileSync(await nodeBinary(NODE), inScratch('node'));
  copyFileSync(join(top, 'dist/check_conntrack'), inScratch('check_conntrack'));
  const onNode = {
    name: `the file for Node ${NODE}`,
    run: [inScratch('node'), inScratch('check_conntrack')],
    yardstick: [inScratch('node'), inScratch('empty')],
    against: 'the same Node and an empty file',
    budgets: { check: 1.8, history: 2, memory: 1.15, sweep: 0.3, live: 1.4, captured: 0.35, listMemory: 120 },
  };
  const standalone = {
    name: 'the standalone executable',
    run: [inScratch('standalone')],
    yardstick: [CHECK_LOAD, '-w', '10', '-c', '20'],
    against: 'check_load',
    budgets: {
      ...{ check: 1.25, history: 1.6, memoryMiB: 3, fileMiB: 1.25 },
      ...{ sweep: 0.25, live: 2.7, captured: 1.9, listMemory: 24 },
    },
  };
  const built = join(top, 'build/linux-x64/check_conntrack');
  if (!existsSync(built)) return missing('the standalone executable', `${built} (npm run standalone)`) ?? [onNode];
  copyFileSync(built, inScratch('standalone'));
  return [standalone, onNode];
}

/** Prints why there is no figure. */
function missing(subject, part) {
  console.log(`${subject}: no figure, ${part} is missing`);
  return undefined;
}

function hasTools(subject, ...paths) {
  const lacking = paths.find((path) => !existsSync(path));
  if (lacking !== undefined) missing(subject, lacking);
  return lacking === undefined;
}

// ---- The file, the start, and memory ----

function benchFile({ name, run, budgets: { fileMiB } }) {
  if (fileMiB === undefined) return;
  const size = statSync(run[0]).size / 2 ** 20;
  console.log(
    `${name}\n  its size     ${size.toFixed(2)} MiB, ${verdict(`${name}: its size`, size, fileMiB)} ${fileMiB} MiB`,
  );
}

function benchStartUp(executable) {
  const { name, run, yardstick, against, budgets } = executable;
  const state = inScratch(`state-${run.length}`);
  mkdirSync(state);
  for (const [subject, args, budget] of [
    ['the check', [], budgets.check],
    ['the check with history and --record', ['--state-dir', state, '--record'], budgets.history],
  ]) {
    const title = `${subject}, ${name}, against ${against}`;
    if (!hasTools(title, yardstick[0])) continue;
    reportRatio(title, pairs, yardstick, [...run, ...args], budget);
    reportPeak(title, executable, [...run, ...args]);
  }
}

function reportPeak(subject, { yardstick, budgets: { memory, memoryMiB } }, line) {
  if (!hasTools('  peak memory', TIME)) return;
  const peak = peakMemory(line);
  const title = `${subject}: peak memory`;
  if (memoryMiB !== undefined) {
    console.log(`  peak memory  ${peak.toFixed(1)} MiB, ${verdict(title, peak, memoryMiB)} ${memoryMiB} MiB`);
  } else {
    const ratio = peak / peakMemory(yardstick);
    console.log(
      `  peak memory  ${ratio.toFixed(3)} x, ${verdict(title, ratio, memory)} ${memory} x (${peak.toFixed(1)} MiB)`,
    );
  }
}

// ---- Every namespace ----

async function benchSweep(executables) {
  const subject = `--netns all over ${PROCESSES} processes against lsns -t net as root`;
  if (!isRoot) return missing(subject, 'root');
  if (!hasTools(subject, '/usr/bin/lsns', '/usr/bin/perl')) return;
  const leave = await startCrowd(NAMESPACES, PROCESSES);
  if (typeof leave === 'string') return missing(subject, `the crowd (${leave})`);
  try {
    for (const { name, run, budgets } of executables) {
      for (const [who, before] of [
        ['root', []],
        ['nobody', NOBODY],
      ]) {
        const line = [...before, ...run, '--netns', 'all'];
        reportRatio(`${subject}, ${name} as ${who}`, Math.ceil(pairs / 10), ['lsns', '-t', 'net'], line, budgets.sweep);
      }
    }
  } finally {
    await leave();
  }
}

// ---- Long lists ----

/** A flood with forged sources: no two are the same, and they are in no order. */
function source(at) {
  const word = Math.imul(at, 0x9e3779b1) >>> 0;
  return [((word >>> 24) % 126) + 1, (word >>> 16) & 255, (word >>> 8) & 255, word & 255].join('.');
}

function writeEntries(path, line, count = ENTRIES) {
  writeFileSync(path, '');
  const each = Math.min(count, 100_000);
  for (let first = 0; first < count; first += each)
    appendFileSync(path, Array.from({ length: each }, (_, at) => line(first + at)).join(''));
}

function writeList(count) {
  const list = inScratch('list');
  const line = (at) => {
    const [from, port] = [source(at), 1024 + (at % 60_000)];
    const there = `src=${from} dst=192.0.2.1 sport=${port} dport=443`;
    const back = `src=192.0.2.1 dst=${from} sport=443 dport=${port}`;
    return `ipv4     2 tcp      6 ${at % 120} SYN_SENT ${there} [UNREPLIED] ${back} mark=0 zone=0 use=2\n`;
  };
  writeEntries(list, line, count);
  return list;
}

function benchCapturedList(executables) {
  const list = writeList(ENTRIES);
  const sort = `awk '{print $7}' ${list} | sort | uniq -c | sort -rn`;
  for (const { name, run, budgets } of executables) {
    const line = [...run, 'report', '--entries', list];
    const title = `a captured list of ${ENTRIES} lines, ${name}, against ${sort.replace(list, 'LIST')}`;
    reportRatio(title, Math.ceil(pairs / 20), ['sh', '-c', sort], line, budgets.captured);
    reportListPeak(title, line, budgets);
  }
}

function benchLiveList(executables) {
  const subject = `the report on a live table of ${ENTRIES} entries`;
  if (!isRoot) return missing(subject, 'root');
  if (!hasTools(subject, '/usr/sbin/conntrack', '/usr/sbin/ip')) return;
  const name = 'check-conntrack-bench';
  const before = readFileSync(MAX, 'latin1').trim();
  // It cleans up when its input ends, which happens even if this process is killed. A process left behind would keep
  // the namespace, and a million entries in the hash table that all namespaces share.
  const guard = spawn(
    'sh',
    ['-c', `read -r _; echo ${before} >${MAX}; ip netns pids ${name} | xargs -r kill; ip netns del ${name}`],
    { detached: true, stdio: ['pipe', 'ignore', 'inherit'] },
  );
  const entries = inScratch('entries');
  writeEntries(entries, (at) => {
    const [from, port] = [source(at), 1024 + (at % 60_000)];
    const reply = `-r 192.0.2.1 -q ${from} --reply-port-src 53 --reply-port-dst ${port}`;
    return `-A -t 100000 -u SEEN_REPLY -p udp -s ${from} -d 192.0.2.1 --sport ${port} --dport 53 ${reply}\n`;
  });
  writeFileSync(MAX, String(2 * ENTRIES));
  run(['ip', 'netns', 'add', name]);
  run(['ip', 'netns', 'exec', name, 'conntrack', '-R', entries]);
  const inside = spawn('ip', ['netns', 'exec', name, 'sleep', '3600'], { stdio: 'ignore' });
  try {
    for (const executable of executables) {
      const line = [...executable.run, 'report', '--pid', String(inside.pid)];
      const cat = ['cat', `/proc/${inside.pid}/net/nf_conntrack`];
      const title = `${subject}, ${executable.name}, against cat`;
      reportRatio(title, Math.ceil(pairs / 20), cat, line, executable.budgets.live);
      reportListPeak(title, line, executable.budgets);
    }
  } finally {
    inside.kill('SIGKILL');
    guard.stdin.end();
  }
}

function reportListPeak(subject, line, { listMemory }) {
  if (!hasTools('  peak memory', TIME)) return;
  const peak = peakMemory(line);
  console.log(
    `  peak memory  ${peak.toFixed(1)} MiB, ${verdict(`${subject}: peak memory`, peak, listMemory)} ${listMemory} MiB`,
  );
}

// ---- Measuring ----

function reportRatio(title, count, base, ours, budget) {
  const samples = [];
  for (let pair = -WARM_UP; pair < count; pair++) {
    const order = pair % 2 === 0 ? [base, ours] : [ours, base];
    const taken = new Map(order.map((line) => [line, timed(line)]));
    if (pair >= 0) samples.push([taken.get(base), taken.get(ours)]);
  }
  const ratio = median(samples.map(([theirs, own]) => own / theirs));
  const [theirs, own] = [0, 1].map((side) => median(samples.map((pair) => pair[side])).toFixed(1));
  console.log(`${title}, ${samples.length} pairs`);
  console.log(
    `  wall         ${ratio.toFixed(3)} x, ${verdict(title, ratio, budget)} ${budget} x (medians ${own} and ${theirs} ms)`,
  );
}

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Returns `within`, or OVER in red; the closing note lists the titles of the latter. */
function verdict(title, value, budget) {
  if (value <= budget) return 'within';
  over.push(title);
  return red('OVER');
}

function red(text) {
  return process.stdout.isTTY ? `\x1b[31m${text}\x1b[0m` : text;
}

/** Returns milliseconds. */
function timed(line) {
  const before = process.hrtime.bigint();
  run(line);
  return Number(process.hrtime.bigint() - before) / 1e6;
}

/** Returns MiB, of the largest process. */
function peakMemory(line) {
  const { stderr } = run([TIME, '-f', '%M', ...line], 'pipe');
  return Number(String(stderr).trim().split('\n').pop()) / 1024;
}

// Accepts any verdict, but no failure.
function run(line, stderr = 'inherit') {
  const [file, ...args] = line;
  const child = spawnSync(file, args, { stdio: ['ignore', 'ignore', stderr] });
  if (child.status === null || child.status > 2)
    throw new Error(`${line.join(' ')}: exit ${child.status ?? child.signal}`);
  return child;
}
