// Mutates the source, one small change at a time, and reports each change that no unit test of the same folder detects:
// `npm run mutate FILE...` (`src/evaluate/plan.ts:40-60` for a range of lines; without a file, everything that has unit
// tests). Results for unchanged files are kept in .cache/.

import { Stryker } from '@stryker-mutator/core';

const files = process.argv.slice(2);
// Code that calls the system is tested end to end.
const ALL = ['check', 'evaluate', 'history', 'kernel', 'model', 'munin', 'plan', 'report', 'words'].map(
  (room) => `src/${room}/**/*.ts`,
);

const mutate = files.length > 0 ? files : ALL;
// Mutants in constants run every test available: adding other folders' tests would take hours.
process.env['CHECK_CONNTRACK_FOLDERS'] = [...new Set(mutate.map((file) => file.split('/')[1]))].join();

await new Stryker({
  mutate,
  testRunner: 'vitest',
  vitest: { configFile: 'test/vitest.config.mts' },
  coverageAnalysis: 'perTest',
  concurrency: 1,
  incremental: true,
  incrementalFile: '.cache/mutants.json',
  // Stryker would read it through an API that TypeScript 7 has dropped, and only for path mappings, which this file
  // does not have.
  tsconfigFile: 'none',
  tempDirName: '.cache/mutants',
  ignorePatterns: ['.cache', 'dist', 'build', 'nagios'],
  reporters: ['clear-text', 'progress'],
  clearTextReporter: { allowColor: false, logTests: false, allowEmojis: false },
}).runMutationTest();
