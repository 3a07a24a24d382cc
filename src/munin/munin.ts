// The Munin plugin: the check's sample as graphs. A value that cannot be read is U, and the exit code is still 0,
// because munin-node discards the output of a plugin that fails.

import type { MuninOptions } from '../cli/options.ts';
import type { Outcome, Program } from '../cli/program.ts';
import { evaluate } from '../evaluate/evaluate.ts';
import { acquire } from '../kernel/acquire.ts';
import { type Deadline, openRoot } from '../kernel/root.ts';
import type { Observed } from '../model/observation.ts';
import { faultWords } from '../words/faults.ts';
import { statusLine } from '../words/line.ts';
import { type Graph, graphs, muninConfig, muninValues } from './munin-graphs.ts';
import { muninThresholds } from './munin-range.ts';

export const muninCommand: Program<MuninOptions> = { run: runMunin, fail: failMunin };

async function runMunin(options: MuninOptions, deadline: Deadline): Promise<Outcome> {
  return { state: 'ok', output: [...(await muninLines(options, deadline)), ''].join('\n') };
}

// munin-node ignores this text; it is for a person who runs the plugin by hand.
async function failMunin(text: string): Promise<Outcome> {
  return { state: 'unknown', output: `${statusLine('unknown', text)}\n` };
}

async function muninLines(options: MuninOptions, deadline: Deadline): Promise<readonly string[]> {
  const { mode, environment } = options;
  // There is one table, so there are no instances to suggest.
  if (mode === 'suggest') return [];
  const observed = await observeForMunin(options, deadline);
  if (mode === 'autoconf') return [autoconf(observed)];

  const multigraph = Boolean(environment['MUNIN_CAP_MULTIGRAPH']);
  const all = drawn(observed, options);
  const shown = multigraph ? all : all.slice(0, 1);
  if (mode === 'fetch') return muninValues(shown, multigraph);
  return muninConfig(shown, multigraph, environment['MUNIN_CAP_DIRTYCONFIG'] === '1');
}

async function observeForMunin({ root: dir, environment }: MuninOptions, deadline: Deadline): Promise<Observed> {
  const opened = openRoot(dir, deadline);
  if ('fault' in opened) return { kind: 'fault', fault: opened.fault };
  const observed = await acquire(opened.root, { machine: 'sizes', namespaces: environment['netns'] === 'all' });
  // Values read after the deadline are U.
  const late = opened.root.late();
  return late === undefined ? observed : { kind: 'fault', fault: late };
}

function autoconf(observed: Observed): string {
  switch (observed.kind) {
    case 'table':
      return 'yes';
    case 'absent':
      return 'no (no connection tracking visible here)';
    case 'fault':
      return `no (${faultWords(observed.fault)})`;
  }
}

function drawn(observed: Observed, { objectSize, environment }: MuninOptions): readonly Graph[] {
  const everywhere = environment['netns'] === 'all';
  if (observed.kind !== 'table') return graphs(undefined, everywhere);
  const { observation } = observed;
  const evaluation = evaluate(observation, new Map(), { thresholds: {}, objectSize, drift: 'ok', partial: 'ok' });
  const thresholds = muninThresholds(environment, observation.tables[0].limit);
  return graphs({ evaluation, thresholds }, everywhere);
}
