// The kernel's own words: `nf_conntrack: table full, dropping packet`, from the first of its logs that can be read.
//   /dev/kmsg             Documentation/ABI/testing/dev-kmsg: `priority,sequence,microseconds,flags;text`, a record a read
//   /var/log/…            syslog: `Nov 23 03:01:44 host kernel: …` or RFC 3339's time in front
//   journalctl -k         where systemd keeps it

import { bytes } from '#system/bytes';
import { files } from '#system/files';
import { type FileFault, systemFault } from '../../kernel/file.ts';
import type { Root } from '../../kernel/root.ts';
import { runTool } from '../../kernel/run-tool.ts';
import { TOOLS } from '../../kernel/tools.ts';
import type { Reading } from '../../model/fault.ts';
import type { FullLog, OtherFull } from '../../model/full-log.ts';
import type { BootClock } from '../../model/observation.ts';
import type { Failed } from '../../system/contract.ts';
import { kernelMessage, type Line, lineOf, OTHERS, syslogTime } from './log-line.ts';

const KMSG = '/dev/kmsg';
// The kernel's own bound of a record, CONSOLE_EXT_LOG_MAX.
const RECORD = 8192;
const MOST_RECORDS = 1_000_000;
const HOSTNAME = '/proc/sys/kernel/hostname';
const HOSTNAME_LIMIT = 256;
const FILES = ['/var/log/messages', '/var/log/kern.log', '/var/log/syslog'];
/** Bytes that are read from the end of a log file. */
const TAIL = 1 << 22;

/**
 * The first log that can be read; else why the kernel's own cannot. A captured tree's logs are not read. `clock` is that
 * of this moment: what the kernel writes it dates by the time since boot.
 */
export function readFullLog(root: Root, clock: Reading<BootClock>): Reading<FullLog> {
  if (root.view === 'captured') return { ok: false, fault: { kind: 'not-asked', source: KMSG } };
  const now = Date.now();
  const kmsg = readKmsg(clock, now);
  if (kmsg.ok) return logOf(kmsg.value, now, KMSG);
  for (const path of FILES) {
    const lines = readTail(root, path, now);
    if (lines !== undefined) return logOf(lines, now, path);
  }
  const journal = runTool(root, { tool: TOOLS.journal, source: 'journalctl -k' }, asLines);
  return journal.ok ? logOf(journal.value, now, journal.source) : kmsg;
}

function logOf(all: readonly Line[], now: number, source: string): Reading<FullLog> {
  const lines = all.filter(({ of }) => of === undefined);
  const [first, last] = [lines[0], lines[lines.length - 1]];
  const namespaces = [...new Set(lines.flatMap(({ namespace }) => namespace ?? []).reverse())];
  const times =
    first === undefined || last === undefined
      ? {}
      : { first: localTime(first.at), last: localTime(last.at), ago: Math.max(0, (now - last.at) / 1000) };
  const records = lines.map(({ at, namespace }) => {
    return { ago: Math.max(0, (now - at) / 1000), time: localTime(at), namespace };
  });
  return { ok: true, value: { lines: lines.length, namespaces, records, ...times, ...othersOf(all, now) }, source };
}

function othersOf(lines: readonly Line[], now: number): Pick<FullLog, 'others'> {
  const others = OTHERS.flatMap(([of]): readonly OtherFull[] => {
    const theirs = lines.filter((line) => line.of === of);
    const last = theirs[theirs.length - 1];
    return last === undefined ? [] : [{ of, lines: theirs.length, ago: Math.max(0, (now - last.at) / 1000) }];
  });
  return others.length === 0 ? {} : { others };
}

/** `2026-11-23 03:01:44`; `at` is in milliseconds since 1970. */
export function localTime(at: number): string {
  const date = new Date(at - 60_000 * new Date(at).getTimezoneOffset());
  return date.toISOString().slice(0, 19).replace('T', ' ');
}

function readKmsg(clock: Reading<BootClock>, now: number): Reading<readonly Line[]> {
  if (!clock.ok) return clock;
  const descriptor = files.open(KMSG, 'reading');
  if (typeof descriptor !== 'number') return { ok: false, fault: { ...systemFault(descriptor), source: KMSG } };
  const lines = readRecords(descriptor, now - 1000 * clock.value.uptime);
  files.close(descriptor);
  if ('errno' in lines) return { ok: false, fault: { ...kmsgFault(lines), source: KMSG } };
  return { ok: true, value: lines, source: KMSG };
}

/** Before 3.5 /dev/kmsg can be written to only. */
function kmsgFault(failed: Failed): FileFault {
  return failed.errno === 'EINVAL'
    ? { kind: 'io', detail: 'not readable before Linux 3.5; see dmesg' }
    : systemFault(failed);
}

function readRecords(descriptor: number, boot: number): readonly Line[] | Failed {
  const record = new Uint8Array(RECORD);
  const lines: Line[] = [];
  for (let read = 0; read < MOST_RECORDS; read++) {
    const length = readRecord(descriptor, record);
    if (typeof length !== 'number') return length;
    if (length === 0) break;
    const text = bytes.toLatin1(record, 0, length);
    const [, priority, microseconds, message = ''] = /^(\d+),\d+,(\d+),[^;]*;(.*)$/s.exec(text) ?? [];
    if (isFacilityKernel(Number(priority))) lines.push(...lineOf(message, boot + Number(microseconds) / 1000));
  }
  return lines;
}

/** Documentation/ABI/testing/dev-kmsg: programs may write too, and never as facility 0. */
function isFacilityKernel(priority: number): boolean {
  return priority >> 3 === 0;
}

/** 0 at the end. EPIPE: the record was overwritten before it was read, and the next call gives the next one. */
function readRecord(descriptor: number, record: Uint8Array): number | Failed {
  for (;;) {
    const length = files.read(descriptor, record, 0, record.length);
    if (typeof length === 'number') return length;
    if (length.errno === 'EAGAIN') return 0;
    if (length.errno !== 'EPIPE') return length;
  }
}

/** Undefined where the file cannot be read, or holds nothing: another one may. */
function readTail(root: Root, path: string, now: number): readonly Line[] | undefined {
  const real = root.resolve(path);
  if (typeof real !== 'string') return undefined;
  const descriptor = files.open(real, 'reading');
  if (typeof descriptor !== 'number') return undefined;
  const text = tailOf(descriptor);
  files.close(descriptor);
  const host =
    root.view === 'own' ? root.read(HOSTNAME, HOSTNAME_LIMIT, (name) => ({ ok: true, value: name.trim() })) : undefined;
  const ours = host?.ok === true ? host.value : undefined;
  return text === ''
    ? undefined
    : text.split('\n').flatMap((line) => lineOf(kernelMessage(line, ours), syslogTime(line, now)));
}

function tailOf(descriptor: number): string {
  const status = files.statusOfOpen(descriptor);
  if ('errno' in status) return '';
  const { size } = status;
  const tail = new Uint8Array(Math.min(size, TAIL));
  const length = files.read(descriptor, tail, 0, tail.length, Math.max(0, size - TAIL));
  return typeof length === 'number' ? bytes.toLatin1(tail, 0, length) : '';
}

function asLines({ failure, stdout }: { readonly failure: string | undefined; readonly stdout: string }) {
  const source = 'journalctl -k';
  if (failure !== undefined) return { ok: false as const, fault: { kind: 'io' as const, source, detail: failure } };
  const lines = stdout.split('\n');
  const value = lines.flatMap((line) =>
    lineOf(kernelMessage(line, undefined), 1000 * Number(/^(\d+\.\d+) /.exec(line)?.[1] ?? Number.NaN)),
  );
  // Nothing at all means that we may not read it.
  if (stdout === '') return { ok: false as const, fault: { kind: 'denied' as const, source } };
  return { ok: true as const, value, source };
}
