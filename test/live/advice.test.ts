// The tools and the kernel as judges of what is advised: nft and iptables take every rule of a step, and a namespace every
// sysctl of its own, for tables of any kind.

import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Step } from '../../src/report/advice/step.ts';
import { anyTable, stepsAbout } from '../unit/support/incidents.ts';
import { inside, trackingNamespace } from './namespace.ts';
import { liveSuite } from './parts.ts';

const PARTS = ['nft', 'iptables-restore', 'iptables-legacy-restore', 'ip6tables-restore', 'ip', 'sysctl'];
const SEED = 4;

const steps: readonly Step[] = fc
  .sample(anyTable, { numRuns: 300, seed: SEED })
  .flatMap((given) => stepsAbout({ ...given, release: [6, 18] }))
  .map(({ step }) => step);

function takes(namespace: string, line: readonly string[], input: string): void {
  const { status, stderr } = spawnSync('ip', ['netns', 'exec', namespace, ...line], { input, encoding: 'utf8' });
  expect({ status, stderr }, input).toEqual({ status: 0, stderr: '' });
}

/** Each script once. */
function scripts(of: (step: Step) => string): readonly string[] {
  return Array.from(new Set(steps.map(of))).filter((script) => script !== '');
}

function restoring(tool: string): (step: Step) => string {
  const rules = ({ commands, instead }: Step) =>
    [...commands, ...instead].flatMap((line) => {
      const [, found, table, rule] = /^(ip6?tables) -t (\w+) -I (.*)$/.exec(line) ?? [];
      return found === tool ? [`*${table}\n-I ${rule}\nCOMMIT\n`] : [];
    });
  return (step) => rules(step).join('');
}

liveSuite(
  'what is advised is taken by',
  PARTS.map((part) => `/usr/sbin/${part}`),
  () => {
    test('nft', () => {
      const namespace = trackingNamespace();
      const found = scripts(({ commands }) =>
        commands
          .filter((line) => /^nft '?add /.test(line))
          .map((line) => `${line.replace(/^nft /, '').replace(/^'(.*)'$/, '$1')}\n`)
          .join(''),
      );
      expect(found.length).toBeGreaterThan(10);
      for (const script of found) takes(namespace, ['nft', '-c', '-f', '-'], script);
    });

    test.each([
      ['iptables-restore', 'iptables'],
      ['iptables-legacy-restore', 'iptables'],
      ['ip6tables-restore', 'ip6tables'],
    ])('%s', (program, tool) => {
      const namespace = trackingNamespace();
      const found = scripts(restoring(tool));
      expect(found.length).toBeGreaterThan(3);
      for (const script of found) takes(namespace, [program, '--test', '--noflush'], script);
    });

    test('sysctl, in a namespace', () => {
      const namespace = trackingNamespace();
      const lines = new Set(steps.flatMap(({ commands }) => commands.filter((line) => /^sysctl .*timeout/.test(line))));
      expect(lines.size).toBeGreaterThan(1);
      for (const line of lines) {
        const [name = '', value] = line.replace('sysctl -w ', '').split('=');
        expect(inside(namespace, ...line.split(' ')).status, line).toBe(0);
        expect(inside(namespace, 'sysctl', '-n', name).stdout.trim(), line).toBe(value);
      }
    });
  },
);
