import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FLAGS } from '../../../src/cli/flags.ts';
import { readArguments } from '../../../src/cli/getopt.ts';

const WHYS = [
  'unknown option',
  'unknown argument',
  'missing value',
  'takes no value',
  'given twice',
  'a command goes first',
];

const anything = fc.string({ unit: 'binary', minLength: 1 });

test.each<[string, argv: readonly string[], value: string]>([
  ['a dash inside', ['-w', 'a-b'], 'a-b'],
  ['text that is not an option in that place', ['-w-c'], '-c'],
  ['the same, long', ['--warning=--critical'], '--critical'],
  ['a line break', ['--warning=1\n2'], '1\n2'],
  ['a number below zero', ['-w', '-5'], '-5'],
])('takes as a value: %s', (_, argv, value) => {
  expect(readArguments(argv)).toEqual({ command: 'check', given: { warning: [value] } });
});

test('reads all four forms as the same value', () => {
  fc.assert(
    fc.property(
      anything.filter((value) => !value.startsWith('-')),
      (value) => {
        const expected = { command: 'check', given: { warning: [value] } };
        const forms = [[`-w${value}`], ['-w', value], [`--warning=${value}`], ['--warning', value]];
        expect(forms.map((form) => readArguments(form))).toEqual(forms.map(() => expected));
      },
    ),
  );
});

test('ignores mistakes after help or version', () => {
  fc.assert(
    fc.property(fc.constantFrom('-h', '--help', '-V', '--version', '-vh'), fc.array(anything), (first, rest) => {
      expect(readArguments([first, ...rest]).fault).toBe(undefined);
    }),
  );
});

// Reading in quadratic time took 11 s here, longer than any agent waits.
test('reads a very long command line in linear time', () => {
  const started = performance.now();
  expect(readArguments([`-${'v'.repeat(100_000)}`, ...Array<string>(100_000).fill('-v')]).fault).toBe(undefined);
  expect(performance.now() - started).toBeLessThan(3000);
});

test('accepts or refuses any command line, and gives a value to each flag that needs one', () => {
  const dashes = fc.constantFrom(
    '-',
    '--',
    '-w',
    '-v',
    '--root',
    '--verbose',
    '--verbose=',
    '-vvw',
    '--root=',
    '-t5',
    '',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(dashes, anything), { maxLength: 6 }), (argv) => {
      const { fault, given } = readArguments(argv);
      if (fault !== undefined) return WHYS.includes(fault.why);
      return FLAGS.every(({ long, value: { takes } }) =>
        (given[long] ?? []).every((value) => (value === '') === (takes === undefined)),
      );
    }),
    { numRuns: 2000 },
  );
});
