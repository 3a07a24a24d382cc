// The limit that real tools set from a tree, compared with the one that we call configured.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wantedLimit } from '../../src/evaluate/configured.ts';
import { openRoot, type Root } from '../../src/kernel/root.ts';
import { readLoader } from '../../src/kernel/settings/loader.ts';
import { readConfiguration } from '../../src/kernel/settings/settings-files.ts';
import { scratch } from '../e2e/support/scratch.ts';
import { observation, ok } from '../unit/support/observation.ts';
import { plant, runOver, toolRoot } from './tools.ts';
import { modprobeTrees, moduleTrees, sysctlTrees, type Tree } from './trees.ts';

const SEED = Number(process.env['CHECK_CONNTRACK_SEED'] ?? 1);
const RUNS = Number(process.env['CHECK_CONNTRACK_RUNS'] ?? 1000);
/** The limit before a tool runs. */
const BEFORE = 12_345;

function rootAt(folder: string): Root {
  const opened = openRoot(folder, { left: () => 60_000, elapsed: () => 0 });
  if ('fault' in opened) throw new Error(opened.fault.kind);
  return opened.root;
}

interface Planted {
  readonly tree: Tree;
  readonly folder: string;
  /** The output of the tools. */
  readonly printed: string;
}

function planted(trees: fc.Arbitrary<Tree>, kind: 'sysctl' | 'modprobe' | 'modules'): readonly Planted[] {
  const folder = scratch();
  const made = fc.sample(trees, { seed: SEED, numRuns: RUNS }).map((tree, at) => {
    const place = join(folder, String(at).padStart(6, '0'));
    plant(place, tree);
    return { tree, folder: place };
  });
  const printed = runOver(toolRoot(scratch()), folder, kind);
  expect(printed).toHaveLength(made.length);
  return made.map((one, at) => ({ ...one, printed: printed[at] ?? '' }));
}

/** The limit that the tree configures, on a machine with this file or directory. */
function configuredWith(folder: string, mark: string | undefined): number {
  const place = join(folder, mark ?? 'etc');
  mkdirSync(join(place, '..'), { recursive: true });
  if (mark !== undefined) writeFileSync(place, '');
  const configuration = readConfiguration(rootAt(folder));
  if (mark !== undefined) rmSync(place);
  const seen = observation({ limit: BEFORE, release: ok({ major: 6, minor: 1 }) });
  const wanted = wantedLimit(configuration, seen);
  return wanted?.known === true && wanted.atBoot && configuration.faults.length === 0 ? wanted.limit : BEFORE;
}

/** Compares the tool's result for each tree with ours; many trees must set something. */
function compare<T>(
  tool: string,
  all: readonly Planted[],
  theirs: (one: Planted) => T,
  ours: (one: Planted) => T,
  none: T,
) {
  const found = all.filter((one) => theirs(one) !== ours(one));
  const shown = found
    .slice(0, 3)
    .map((one) => `${JSON.stringify(one.tree, null, 1)}\ntool: ${theirs(one)}, we: ${ours(one)}`);
  const set = all.filter((one) => theirs(one) !== none).length;
  process.stderr.write(`${tool}: ${all.length} trees, ${set} set something, ${found.length} disagreements\n`);
  expect.soft(found.length, `${tool}:\n${shown.join('\n\n')}`).toBe(0);
  expect.soft(set, `${tool} reads the trees`).toBeGreaterThan(all.length / 10);
}

const READERS = [
  ['systemd-sysctl', 'run/systemd/system'],
  ['sysctl --system of procps', undefined],
  ['sysctl of busybox, as OpenWrt runs it', 'etc/openwrt_release'],
] as const;

test(`sysctl.d in ${RUNS} trees`, () => {
  const all = planted(sysctlTrees, 'sysctl');
  READERS.forEach(([tool, mark], column) => {
    const theirs = ({ printed }: Planted) => Number(printed.split(' ')[column + 1]);
    compare(tool, all, theirs, ({ folder }) => configuredWith(folder, mark), BEFORE);
  });
});

test(`modprobe -c in ${RUNS} trees`, () => {
  const all = planted(modprobeTrees, 'modprobe');
  const theirs = ({ printed }: Planted) => {
    const options = printed.split('|').filter((line) => line.startsWith('options nf_conntrack '));
    const values = options.flatMap((line) => line.split(/\s+/).filter((word) => word.startsWith('hashsize=')));
    return values.length === 0 ? undefined : Number(values[values.length - 1]?.slice('hashsize='.length));
  };
  const ours = ({ folder }: Planted) => {
    const { hashsizes } = readConfiguration(rootAt(folder));
    return hashsizes.filter(({ module }) => module === 'nf_conntrack').pop()?.value;
  };
  compare('modprobe', all, theirs, ours, undefined);
});

test(`systemd-modules-load in ${RUNS} trees`, () => {
  const all = planted(moduleTrees, 'modules');
  const theirs = ({ printed }: Planted) => /'nf[_-]conntrack'/.test(printed);
  const ours = ({ folder }: Planted) => readLoader(rootAt(folder), 'nf_conntrack') !== undefined;
  compare('systemd-modules-load', all, theirs, ours, false);
});
