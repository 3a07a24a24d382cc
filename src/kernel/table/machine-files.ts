// Facts about the machine: kernel version, page size, memory, and the sizes of an entry and the hash table.

import { bytes } from '#system/bytes';
import { self } from '#system/self';
import type { Reading } from '../../model/fault.ts';
import { GENERATIONS, type Generation } from '../../model/generation.ts';
import type { Available, KernelVersion, Machine } from '../../model/machine.ts';
import { parsePositiveNumber, readNumber } from '../number.ts';
import type { Parsed, Root } from '../root.ts';
import { hasCache, parseSlabinfo } from './slabinfo.ts';

const MACHINE_FILE_LIMIT = 4096;
const MEMINFO_LIMIT = 1 << 16;
const EXPECT_MAX = `${GENERATIONS.nf_conntrack.directory}/nf_conntrack_expect_max`;
const SLABINFO_LIMIT = 1 << 22;

export const NOT_ASKED: Reading<never> = { ok: false, fault: { kind: 'not-asked', source: 'it' } };
const UNASKED = { buckets: NOT_ASKED, memTotal: NOT_ASKED, available: NOT_ASKED, expectMax: NOT_ASKED };

/** Buckets and memory with `sizes`; `all` also reads the limit of expectations. */
export function readMachine(root: Root, generation: Generation, wanted: 'all' | 'sizes' | 'least'): Machine {
  return {
    view: root.view,
    generation,
    release: readRelease(root),
    ...readLayout(root),
    slabCache: root.read('/proc/slabinfo', SLABINFO_LIMIT, parseSlabinfo, hasCache),
    ...UNASKED,
    ...(wanted === 'least' ? {} : readSizes(root, generation)),
    ...(wanted === 'all' ? { expectMax: readNumber(root, EXPECT_MAX) } : {}),
  };
}

function readSizes(root: Root, generation: Generation) {
  const path = `${GENERATIONS[generation].directory}/${generation}_buckets`;
  return { buckets: root.read(path, MACHINE_FILE_LIMIT, parsePositiveNumber), ...readMemory(root) };
}

/** `/proc/meminfo`, in bytes. The kernel's kB are KiB. */
function readMemory(root: Root): Pick<Machine, 'memTotal' | 'available'> {
  const text = root.read('/proc/meminfo', MEMINFO_LIMIT, (all) => ({ ok: true, value: all }));
  if (!text.ok) return { memTotal: text, available: text };
  const { source } = text;
  return {
    memTotal: figureOf(parseMemTotal(text.value), source),
    available: figureOf(parseAvailable(text.value), source),
  };
}

function figureOf<T>(parsed: Parsed<T>, source: string): Reading<T> {
  return parsed.ok ? { ok: true, value: parsed.value, source } : { ok: false, fault: { kind: parsed.kind, source } };
}

/** `/proc/sys/kernel/osrelease`, on every kernel: the output of `uname -r`. */
function readRelease(root: Root): Reading<KernelVersion> {
  return root.read('/proc/sys/kernel/osrelease', MACHINE_FILE_LIMIT, parseRelease);
}

export function parseRelease(text: string): Parsed<KernelVersion> {
  const match = /^(\d{1,3})\.(\d{1,3})(?!\d)/.exec(text);
  if (match === null) return { ok: false, kind: 'malformed' };
  return { ok: true, value: { major: Number(match[1]), minor: Number(match[2]) } };
}

export function parseMemTotal(text: string): Parsed<number> {
  const match = /^MemTotal: +([1-9]\d{0,14}) kB$/m.exec(text);
  return match === null ? { ok: false, kind: 'malformed' } : { ok: true, value: Number(match[1]) * 1024 };
}

/** MemAvailable; before 3.14 MemFree, Buffers and Cached, which is an upper bound. */
export function parseAvailable(text: string): Parsed<Available> {
  const bytes = (name: string): number | undefined => {
    const [, digits] = new RegExp(`^${name}: +(\\d{1,15}) kB$`, 'm').exec(text) ?? [];
    return digits === undefined ? undefined : Number(digits) * 1024;
  };
  const exact = bytes('MemAvailable');
  if (exact !== undefined) return { ok: true, value: { bytes: exact, exact: true } };
  const [free, buffers, cached] = [bytes('MemFree'), bytes('Buffers'), bytes('Cached')];
  if (free === undefined) return { ok: false, kind: 'malformed' };
  return { ok: true, value: { bytes: free + (buffers ?? 0) + (cached ?? 0), exact: false } };
}

const X64 = { ok: true, value: { page: 4096, word: 8 }, source: 'x86-64' } as const;

/** A process's auxiliary vector, on all kernels. */
function readLayout(root: Root): Pick<Machine, 'pageSize' | 'wordSize'> {
  const sizes = readVector(root);
  if (!sizes.ok) return { pageSize: sizes, wordSize: sizes };
  const { page, word } = sizes.value;
  return { pageSize: { ...sizes, value: page }, wordSize: { ...sizes, value: word } };
}

function readVector(root: Root): Reading<Sizes> {
  const path = '/proc/self/auxv';
  if (root.view === 'captured') return root.read(path, MACHINE_FILE_LIMIT, parseSizes);
  return self.isX64 ? X64 : root.readOwn(path, MACHINE_FILE_LIMIT, parseSizes);
}

/** In bytes: AT_PAGESZ, and the words of the vector, which are as long as the kernel's pointers. */
interface Sizes {
  readonly page: number;
  readonly word: number;
}

const AT_PAGESZ = 6;

// A captured vector may be of any word size and byte order; only the right reading gives a page size.
export function parseSizes(text: string): Parsed<Sizes> {
  const vector = bytes.fromLatin1(text);
  const view = new DataView(vector.buffer, vector.byteOffset, vector.byteLength);
  const readers: readonly (readonly [number, (at: number) => number])[] = [
    [8, (at) => Number(view.getBigUint64(at, true))],
    [8, (at) => Number(view.getBigUint64(at, false))],
    [4, (at) => view.getUint32(at, true)],
    [4, (at) => view.getUint32(at, false)],
  ];
  for (const [word, read] of readers) {
    for (let at = 0; at + 2 * word <= vector.length; at += 2 * word) {
      const page = read(at + word);
      if (read(at) === AT_PAGESZ && isPageSize(page)) return { ok: true, value: { page, word } };
    }
  }
  return { ok: false, kind: 'malformed' };
}

function isPageSize(size: number): boolean {
  return size >= 2 ** 12 && size <= 2 ** 18 && Number.isInteger(Math.log2(size));
}
