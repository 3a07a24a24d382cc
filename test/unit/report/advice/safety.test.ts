// For any table, and however little is known about the machine, no advice cuts off the machine itself or an ssh session,
// removes entries that it does not announce, or prints a figure or name that the kernel or a tool rejects.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Step } from '../../../../src/report/advice/step.ts';
import {
  anyTable,
  linesOf,
  MACHINE,
  type RandomTable,
  SESSION_FROM,
  SSH_PORTS,
  stepsAbout,
} from '../../support/incidents.ts';

const SEED = 27;
const CORPUS = fc.sample(anyTable, { numRuns: 300, seed: SEED });
const ADVISED = CORPUS.map((given) => ({ given, steps: stepsAbout(given) }));

/** Returns every command of a step and of its undo, in either form. */
function typedIn({ commands, undo, instead, undoInstead }: Step): readonly string[] {
  return [...commands, ...undo, ...instead, ...undoInstead];
}

function eachCommand(check: (command: string, given: RandomTable, kind: string) => void): void {
  for (const { given, steps } of ADVISED)
    for (const { kind, step } of steps) for (const line of typedIn(step)) check(line, given, kind);
}

/** Returns the sources that a command drops or removes. */
function refusedBy(command: string): readonly string[] {
  const [, dropped] = / saddr (\S+) .*drop/.exec(command) ?? [];
  const [, raw] = /-t raw -[ID] PREROUTING -s (\S+) /.exec(command) ?? [];
  const [, removed] = /conntrack -D .*-s (\S+)/.exec(command) ?? [];
  return [dropped, raw, removed].flatMap((source) => source ?? []);
}

function isPartOf(address: string, source: string): boolean {
  const [network = '', mask] = source.split('/');
  if (mask === undefined) return address === network;
  const prefix = mask === '24' ? network.replace(/\.0$/, '.') : network.replace(/:$/, '');
  return address.startsWith(prefix);
}

describe('the machine itself', () => {
  test('no command drops its packets or removes its entries', () => {
    let refused = 0;
    eachCommand((command, { own }) => {
      const sources = refusedBy(command).filter((source) => source !== 'and');
      refused += sources.length;
      if (own === 'unknown') expect(sources, command).toEqual([]);
      for (const source of sources)
        expect(
          MACHINE.filter((address) => isPartOf(address, source)),
          command,
        ).toEqual([]);
    });
    expect(refused).toBeGreaterThan(20);
  });
});

describe('ssh', () => {
  test('no command blocks the source of a session or removes its open connections', () => {
    eachCommand((command) => {
      const isOpen = !/--state (?:SYN_|TIME_WAIT)|-p udp/.test(command);
      for (const source of refusedBy(command)) expect(isOpen && isPartOf(SESSION_FROM, source), command).toBe(false);
    });
  });

  test('no ssh port is untracked, answered by a proxy, or emptied of open connections', () => {
    let others = 0;
    eachCommand((command, _, kind) => {
      if (!/notrack|NOTRACK|SYNPROXY|synproxy|conntrack -D .*--state (?:ESTABLISHED|CLOSE_WAIT)/.test(command)) return;
      others += 1;
      if (/\budp\b/.test(command)) return;
      for (const port of SSH_PORTS) expect(command, kind).not.toMatch(new RegExp(`(?:dport|sport) ${port}(?![0-9])`));
    });
    expect(others).toBeGreaterThan(100);
  });
});

describe('removed entries', () => {
  test('are at least as many as announced, and none is in use', () => {
    let removals = 0;
    for (const { given, steps } of ADVISED)
      for (const { step } of steps.filter(({ kind }) => kind === 'free')) {
        removals += 1;
        const [said = ''] = /^[\d,]+/.exec(step.notes[0] ?? '') ?? [];
        const matched = linesOf(given).filter((line) => step.commands.some((command) => removes(command, line)));
        expect(matched.length, step.title).toBeGreaterThanOrEqual(Number(said.replace(/,/g, '')));
        const states = new Set(matched.map((line) => / ([A-Z][A-Z_0-9]+) src=/.exec(line)?.[1] ?? ''));
        expect(states.size, step.title).toBe(1);
        const isOpen = states.has('ESTABLISHED') || states.has('CLOSE_WAIT');
        const isProven = given.timers === 'sysctls' && given.begun !== undefined && given.used <= 0.001;
        expect(isOpen && !isProven, step.title).toBe(false);
      }
    expect(removals).toBeGreaterThan(50);
  });

  test("are one source's if they are datagrams: conntrack(8) cannot spare the answered ones of a port", () => {
    eachCommand((command, _, kind) => {
      if (kind === 'free' && /conntrack -D .*-p udp/.test(command)) expect(command).toContain(' -s ');
    });
  });

  test('are in one zone, if the table has zones', () => {
    eachCommand((command, given) => {
      if (!command.includes('conntrack -D ')) return;
      const zones = new Set(given.crowds.map(({ zone }) => zone));
      if (zones.has(7)) expect([zones.size, command.includes(' -w 7 ')], command).toEqual([1, true]);
      else expect(command).not.toContain(' -w ');
    });
  });
});

function removes(command: string, line: string): boolean {
  const [, protocol = ''] = /-p (\S+)/.exec(command) ?? [];
  const [, state] = /--state (\S+)/.exec(command) ?? [];
  const [, port = ''] = /--dport (\d+)/.exec(command) ?? [];
  const [, source] = /-s (\S+)/.exec(command) ?? [];
  const isOfFamily = command.includes('-f ipv6') === line.startsWith('ipv6');
  return (
    isOfFamily &&
    line.includes(` ${protocol} `) &&
    (state === undefined || line.includes(` ${state} `)) &&
    new RegExp(` dport=${port} (?:\\[UNREPLIED\\] )?src=`).test(line) &&
    (source === undefined || line.includes(` src=${source} dst=`))
  );
}

const LARGEST: readonly (readonly [RegExp, number])[] = [
  [/nf_conntrack_max=(\d+)/g, 2 ** 31 - 1],
  // Seconds that fit in 31 bits of jiffies at HZ=1000.
  [/_timeout_?\w*=(\d+)/g, (2 ** 31 - 1) / 1000],
  [/echo (\d+) >/g, 268_435_455],
  [/ct count over (\d+)/g, 2 ** 32 - 1],
  [/--connlimit-above (\d+)/g, 2 ** 32 - 1],
  [/limit rate over (\d+)\/second/g, 2 ** 32 - 1],
  [/--hashlimit-above (\d+)\/second/g, 1_000_000],
];

test('every figure is one that the kernel and the tools accept', () => {
  let numbers = 0;
  eachCommand((command) => {
    for (const [pattern, most] of LARGEST)
      for (const [, figure = ''] of command.matchAll(pattern)) {
        numbers += 1;
        expect(Number(figure), command).toBeGreaterThan(0);
        expect(Number(figure), command).toBeLessThanOrEqual(most);
      }
  });
  expect(numbers).toBeGreaterThan(100);
});

test('every name is short enough for kernels before 4.14', () => {
  eachCommand((command) => {
    for (const [name] of command.matchAll(/check_conntrack_\w+/g)) expect(name.length, name).toBeLessThanOrEqual(31);
  });
});

test('no port is untracked if the rules are unknown', () => {
  eachCommand((command, { rulesKnown }, kind) => {
    if (kind === 'notrack' && !rulesKnown) expect(command).toMatch(/^(?:nft list ruleset|iptables-save)$/);
  });
});
