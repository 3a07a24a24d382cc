// Changes the source in small ways, one at a time, and tells which of them no unit test of the same folder notices:
// `npm run mutate FILE...` (`src/evaluate/plan.ts:40-60` for some lines of it; without a file, all that is judged by unit
// tests). What is known of files that have not changed since is kept in .cache/.

import { Stryker } from '@stryker-mutator/core';

const files = process.argv.slice(2);
// What asks the system itself is tested end to end.
const ALL = ['check', 'evaluate', 'history', 'kernel', 'model', 'munin', 'plan', 'report', 'words'].map(
  (room) => `src/${room}/**/*.ts`,
);

const mutate = files.length > 0 ? files : ALL;
// What a constant is made of is tried with every test that there is: those of other folders would take hours.
process.env['CHECK_CONNTRACK_FOLDERS'] = [...new Set(mutate.map((file) => file.split('/')[1]))].join();

await new Stryker({
  mutate,
  testRunner: 'vitest',
  vitest: { configFile: 'test/vitest.config.mts' },
  coverageAnalysis: 'perTest',
  concurrency: 1,
  incremental: true,
  incrementalFile: '.cache/mutants.json',
  // It would read it with an API that TypeScript 7 has no more, and only for paths that this one does not have.
  tsconfigFile: 'none',
  tempDirName: '.cache/mutants',
  ignorePatterns: ['.cache', 'dist', 'build', 'nagios'],
  reporters: ['clear-text', 'progress'],
  clearTextReporter: { allowColor: false, logTests: false, allowEmojis: false },
}).runMutationTest();
