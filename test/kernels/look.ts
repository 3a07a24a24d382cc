// The output of a booted kernel, step by step, as figures for the tests.

import { atLeast } from '../../src/evaluate/kernel-version.ts';
import type { KernelVersion } from '../../src/model/machine.ts';
import type { Machine, Step } from './machine.ts';

export interface Look {
  readonly step: (name: string) => Step;
  readonly has: (name: string) => boolean;
  /** Limit, buckets and limit of expectations. */
  readonly figures: (name: string) => readonly number[];
  /** The kernel's own counter, over all CPUs; undefined if it has none. */
  readonly counter: (name: string, column: string) => number | undefined;
  readonly rise: (from: string, to: string, column: string) => number;
  readonly version: () => KernelVersion;
  readonly isFrom: (major: number, minor: number) => boolean;
  /** True if it has the files of CONFIG_NF_CONNTRACK_PROCFS. */
  readonly hasFiles: () => boolean;
}

/** `machine` returns the machine once it has booted; the tests call it. */
export function lookAt(name: string, machine: () => Machine | undefined): Look {
  const has = (step: string) => machine()?.steps.has(step) ?? false;
  const step = (wanted: string): Step => {
    const result = machine()?.steps.get(wanted);
    if (result === undefined)
      throw new Error(`${name}: no ${wanted}; there are ${[...(machine()?.steps.keys() ?? [])]}`);
    return result;
  };
  const version = (): KernelVersion => {
    const [major = 0, minor = 0] = machine()?.release.split('.').map(Number) ?? [];
    return { major, minor };
  };
  const counter = (from: string, column: string) => sumOf(step(from).output, column);
  return {
    step,
    has,
    counter,
    figures: (from) => step(from).output.trim().split('\n').map(Number),
    rise: (from, to, column) => (counter(to, column) ?? 0) - (counter(from, column) ?? 0),
    version,
    isFrom: (major, minor) => atLeast(version(), major, minor),
    hasFiles: () => step('counters').output.startsWith('entries '),
  };
}

// conntrack -S has other names for these.
const TOOL: Readonly<Record<string, string>> = { clashres: 'clash_resolve', chainlength: 'chaintoolong' };

function sumOf(output: string, column: string): number | undefined {
  if (output.startsWith('cpu=')) {
    const result = output.matchAll(new RegExp(`\\b${TOOL[column] ?? column}=(\\d+)`, 'g'));
    return Array.from(result, ([, value]) => Number(value)).reduce((sum, value) => sum + value, 0);
  }
  const [head = '', ...rows] = output.trim().split('\n');
  const place = head.split(/\s+/).indexOf(column);
  if (place === -1) return undefined;
  return rows.reduce((sum, row) => sum + Number.parseInt(row.trim().split(/\s+/)[place] ?? '', 16), 0);
}

/** From the check's line. */
export function perfdata({ output }: Step, label: string): number {
  return Number(new RegExp(` ${label}=([\\d.]+)`).exec(output)?.[1]);
}
