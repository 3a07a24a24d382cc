// Facts of the machine that the memory figures need: the kernel's version, its page size, its memory.

import { bytes } from '#system/bytes';
import { self } from '#system/self';
import type { KernelVersion, Reading } from '../facts.ts';
import { parsePositiveNumber } from './number.ts';
import type { Parsed, Root } from './root.ts';

const SMALL = 4096;
const MEMINFO_LIMIT = 1 << 16;

/** `/proc/sys/kernel/osrelease`, every kernel: what `uname -r` prints. */
export function readRelease(root: Root): Reading<KernelVersion> {
  return root.read('/proc/sys/kernel/osrelease', SMALL, parseRelease);
}

export function parseRelease(text: string): Parsed<KernelVersion> {
  const match = /^(\d{1,3})\.(\d{1,3})(?!\d)/.exec(text);
  if (match === null) return { ok: false, kind: 'malformed' };
  return { ok: true, value: { major: Number(match[1]), minor: Number(match[2]) } };
}

/** MemTotal of `/proc/meminfo`, in bytes. The kernel's kB are KiB. */
export function readMemTotal(root: Root): Reading<number> {
  return root.read('/proc/meminfo', MEMINFO_LIMIT, parseMemTotal);
}

export function parseMemTotal(text: string): Parsed<number> {
  const match = /^MemTotal: +([1-9]\d{0,14}) kB$/m.exec(text);
  return match === null ? { ok: false, kind: 'malformed' } : { ok: true, value: Number(match[1]) * 1024 };
}

/** AT_PAGESZ of a process's auxiliary vector (`/proc/self/auxv`, all kernels), in bytes. */
export function readPageSize(root: Root): Reading<number> {
  const path = '/proc/self/auxv';
  if (root.view !== 'captured' && self.isX64) return { ok: true, value: 4096, source: 'x86-64' };
  return root.view === 'captured' ? root.read(path, SMALL, parsePageSize) : root.readOwn(path, SMALL, parsePageSize);
}

const AT_PAGESZ = 6;

// A captured vector may be of any word size and byte order; only the right reading gives a page size.
export function parsePageSize(text: string): Parsed<number> {
  const vector = bytes.fromLatin1(text);
  const view = new DataView(vector.buffer, vector.byteOffset, vector.byteLength);
  const readers: readonly (readonly [number, (at: number) => number])[] = [
    [8, (at) => Number(view.getBigUint64(at, true))],
    [8, (at) => Number(view.getBigUint64(at, false))],
    [4, (at) => view.getUint32(at, true)],
    [4, (at) => view.getUint32(at, false)],
  ];
  for (const [width, word] of readers) {
    for (let at = 0; at + 2 * width <= vector.length; at += 2 * width) {
      if (word(at) === AT_PAGESZ && isPageSize(word(at + width))) return { ok: true, value: word(at + width) };
    }
  }
  return { ok: false, kind: 'malformed' };
}

function isPageSize(size: number): boolean {
  return size >= 2 ** 12 && size <= 2 ** 18 && Number.isInteger(Math.log2(size));
}

/** The number of hash buckets; never 0. */
export function readBuckets(root: Root, path: string): Reading<number> {
  return root.read(path, SMALL, parsePositiveNumber);
}
