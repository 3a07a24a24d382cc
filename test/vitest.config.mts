import { defineConfig } from 'vitest/config';

const { CHECK_CONNTRACK_EXECUTABLE, CHECK_CONNTRACK_NODE } = process.env;
const { CHECK_CONNTRACK_FOLDERS = '', STRYKER_MUTATOR_WORKER } = process.env;
const { CHECK_CONNTRACK_FUZZ } = process.env;
const { CHECK_CONNTRACK_DIRECTOR, CHECK_CONNTRACK_HOUSE, CHECK_CONNTRACK_KERNELS, CHECK_CONNTRACK_LIVE } = process.env;
const tests = (folder: string) => `test/${folder}/**/*.test.ts`;

/** Tests that one executable and one Node cover: they are about documents. */
const PAPERS = [
  'test/e2e/definitions.test.ts',
  'test/e2e/papers.test.ts',
  'test/e2e/readme.test.ts',
  'test/live/completion.test.ts',
  'test/live/papers.test.ts',
];

// Some hold a million lines, on a machine that has other work to do as well. Pure code needs no module of its own per
// file: loading the source once per process instead of once per file saves a third of the time.
const unit = { name: 'unit', include: [tests('unit')], isolate: false, testTimeout: 60_000 };
const e2e = {
  name: 'e2e',
  include: [tests('e2e')],
  exclude: [
    ...(CHECK_CONNTRACK_EXECUTABLE === undefined ? [] : ['test/e2e/node.test.ts']),
    ...(CHECK_CONNTRACK_EXECUTABLE === undefined && CHECK_CONNTRACK_NODE === undefined ? [] : PAPERS),
  ],
  testTimeout: 60_000,
};
// They build the packages and install them into roots that .dev/roots.mjs has made.
const packages = {
  name: 'packages',
  include: [tests('packages')],
  globalSetup: 'test/packages/setup.ts',
  fileParallelism: false,
  testTimeout: 300_000,
  hookTimeout: 120_000,
};

// They share one kernel-wide limit (nf_conntrack_max), so they never run at the same time.
const live = {
  name: 'live',
  include: [tests('live')],
  exclude: CHECK_CONNTRACK_EXECUTABLE === undefined ? ['test/live/standalone.test.ts'] : PAPERS,
  globalSetup: 'test/live/guard.ts',
  fileParallelism: false,
  testTimeout: 180_000,
  hookTimeout: 180_000,
};
// Staged once and reported by both executables, after the live tests, with which they share the limit.
const incidents = {
  ...live,
  name: 'incidents',
  include: [tests('incidents')],
  exclude: [],
  sequence: { groupOrder: 1 },
};
const standalone = { name: 'standalone', include: [tests('standalone')], testTimeout: 300_000 };

// They take commands out of a copy of the source, and run what is left.
const house = { name: 'house', include: [tests('house')], fileParallelism: false, testTimeout: 1_200_000 };

// Real tools over generated trees, in namespaces of their own.
const oracle = { name: 'oracle', include: [tests('oracle')], testTimeout: 300_000 };

// They boot kernels that .dev/kernels.mjs has fetched.
const kernels = { name: 'kernels', include: [tests('kernels')], hookTimeout: 3_000_000 };

// It runs for the given time.
const fuzz = { name: 'fuzz', include: [tests('fuzz')], testTimeout: 3_600_000 };

// It installs Icinga Director and its database into a root of their own, which takes minutes the first time.
const director = { name: 'director', include: [tests('director')], testTimeout: 120_000, hookTimeout: 900_000 };

const some = [
  ...(CHECK_CONNTRACK_EXECUTABLE === undefined ? [unit] : [standalone]),
  e2e,
  ...(process.env['CHECK_CONNTRACK_PACKAGES'] === '1' ? [packages] : []),
  ...(CHECK_CONNTRACK_LIVE === '1' ? [live, ...(CHECK_CONNTRACK_EXECUTABLE === undefined ? [incidents] : [])] : []),
  ...(CHECK_CONNTRACK_HOUSE === '1' ? [house] : []),
  ...(CHECK_CONNTRACK_KERNELS !== undefined ? [kernels] : []),
  ...(CHECK_CONNTRACK_FUZZ !== undefined ? [fuzz] : []),
  ...(process.env['CHECK_CONNTRACK_ORACLE'] === '1' ? [oracle] : []),
  ...(CHECK_CONNTRACK_DIRECTOR === '1' ? [director] : []),
];
// In the source that Stryker has changed all of them share one thread, as they share nothing else.
const folders = CHECK_CONNTRACK_FOLDERS.split(',').map((folder) => tests(`unit/${folder}`));
const mutated = [{ ...unit, include: folders, isolate: false, testTimeout: 120_000 }];

// By default only tests run that read and write their own files, also as root on a firewall in use.
export default defineConfig({
  // Unasked it leaves one CPU free, which is one of two; but a test that waits for a process needs none.
  test: {
    ...(STRYKER_MUTATOR_WORKER === undefined ? { maxWorkers: '100%' } : {}),
    projects: (STRYKER_MUTATOR_WORKER === undefined ? some : mutated).map((test) => ({ test })),
  },
});
