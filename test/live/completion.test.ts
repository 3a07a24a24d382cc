// Real shells complete typed words with the shipped completions.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COMMANDS, FLAGS, type Flag } from '../../src/cli/flags.ts';
import { METRIC_NAMES, metricSpec } from '../../src/evaluate/metrics.ts';
import { command, TOP } from '../e2e/support/plugin.ts';
import { scratch } from '../e2e/support/tree.ts';
import { liveSuite } from './parts.ts';
import { completed } from './support/session.ts';

const FOLDER = join(TOP, 'nagios/completion');
const [BASH, ZSH, FISH] = ['/bin/bash', '/usr/bin/zsh', '/usr/bin/fish'] as const;
const SHELLS = [
  ['bash', `${BASH} --noprofile --norc -i`, `. ${FOLDER}/check_conntrack`],
  ['zsh', `${ZSH} -f -i`, `fpath=(${FOLDER} $fpath); autoload -Uz compinit; compinit -D -u`],
] as const;

const TYPED = [
  ['rep', '<report>'],
  ['report --wa', '<report> <--watch>'],
  ['-w us', '<-w> <usage=>'],
  ['--warning us', '<--warning> <usage=>'],
  ['--warning=us', '<--warning=usage=>'],
  ['--critical=time_', '<--critical=time_to_full=>'],
  ['-w 80 -c load', '<-w> <80> <-c> <load_factor=>'],
  ['--netns a', '<--netns> <all>'],
  ['--netns=a', '<--netns=all>'],
  ['--absent w', '<--absent> <warning>'],
  ['--format p', '<--format> <prometheus>'],
  ['plan --format js', '<plan> <--format> <json>'],
  ['munin con', '<munin> <config>'],
  ['report --entries fixtures/entries-ip', '<report> <--entries> <fixtures/entries-ip_conntrack-synthetic>'],
  ['--object', '<--object-size>'],
  ['report --warn', '<report> <--warn>'],
  ['report -w us', '<report> <-w> <us>'],
  ['-w netns_u', '<-w> <netns_u>'],
  ['--window 3', '<--window> <3>'],
] as const;

liveSuite('completion', [BASH, ZSH, FISH, '/usr/bin/script'], () => {
  test.each(SHELLS)('%s, as typed', async (_, shell, setUp) => {
    const completions = await completed(
      shell,
      setUp,
      TYPED.map(([line]) => line),
    );
    expect(completions).toEqual(TYPED.map(([, words]) => words));
  });

  test.each(SHELLS)('%s completes a directory if the value is one', async (_, shell, setUp) => {
    const [completions] = await completed(shell, setUp, ['--root fix']);
    expect(completions).toMatch(/^<--root> <fixtures\/?>$/);
  });

  test('fish offers every command, flag and metric', () => {
    const first = fish('');
    expect(first).toEqual(COMMANDS.slice().sort());
    for (const name of COMMANDS) {
      const allFlags: readonly Flag[] = FLAGS;
      const own = allFlags.filter(({ of }) => of.includes(name)).map(({ long }) => `--${long}`);
      expect(fish(`${name} --`)).toEqual(own.sort());
    }
    const judged = METRIC_NAMES.filter((name) => metricSpec(name).judged !== 'nowhere');
    expect(fish('-w ')).toEqual(judged.map((name) => `${name}=`).sort());
    expect(fish('plan --format ')).toEqual(['json', 'text']);
    expect(fish('report --entries=fixtures/entries-ip')).toEqual(['--entries=fixtures/entries-ip_conntrack-synthetic']);
  });
});

function fish(line: string): readonly string[] {
  const script = `source ${FOLDER}/check_conntrack.fish; complete -C 'check_conntrack ${line}'`;
  const { stdout, stderr } = command(FISH, ['--no-config', '-c', script], { ...process.env, HOME: scratch() });
  expect(stderr).toBe('');
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((offer) => offer.split('\t')[0] ?? '')
    .sort();
}
