import { describe, expect, test } from 'vitest';
import { FLAGS } from '../../../src/cli/flags.ts';
import { type Given, readArguments } from '../../../src/cli/getopt.ts';
import { type CheckOptions, parseRequest } from '../../../src/cli/options.ts';
import type { Environment } from '../../../src/cli/readers.ts';

function options(...argv: readonly string[]): CheckOptions {
  const request = parseRequest(argv, {});
  if (request.kind !== 'run' || request.command !== 'check') throw new Error(JSON.stringify(request));
  return request.options;
}

describe('accepts every form that users type', () => {
  test.each<[string, Given]>([
    ['-w10', { warning: ['10'] }],
    ['-w 10', { warning: ['10'] }],
    ['--warning=10', { warning: ['10'] }],
    ['--warning 10', { warning: ['10'] }],
    ['--warning=a=b', { warning: ['a=b'] }],
    ['-w10:20', { warning: ['10:20'] }],
    ['-w80%', { warning: ['80%'] }],
    ['-wusage=80', { warning: ['usage=80'] }],
    ['-w1h:', { warning: ['1h:'] }],
    ['-w10h', { warning: ['10h'] }],
    ['-c@10:20', { critical: ['@10:20'] }],
    ['-w -10:10', { warning: ['-10:10'] }],
    ['-w -.5:1', { warning: ['-.5:1'] }],
    ['-w ~:80', { warning: ['~:80'] }],
    ['-w 1 -w 2 --warning 3', { warning: ['1', '2', '3'] }],
    ['-vvv', { verbose: ['', '', ''] }],
    ['-v -v', { verbose: ['', ''] }],
    ['-vvw80', { verbose: ['', ''], warning: ['80'] }],
    ['-vw 80 -c90', { verbose: [''], warning: ['80'], critical: ['90'] }],
    ['--verbose', { verbose: [''] }],
    ['-t5', { timeout: ['5'] }],
    ['--root /host', { root: ['/host'] }],
    ['--root=/my\u00a0-w', { root: ['/my\u00a0-w'] }],
    ['', {}],
    ['--', {}],
    ['-v --', { verbose: [''] }],
  ])('%s', (line, given) => {
    expect(readArguments(line.split(' ').filter(Boolean))).toEqual({ command: 'check', given });
  });
});

describe('refuses a mistake and names it', () => {
  test.each<[string, readonly string[], string, string]>([
    ['an abbreviation', ['--w', '80'], 'unknown option', '--w'],
    ['an abbreviation with a value', ['--warn=80'], 'unknown option', '--warn'],
    ['a negation', ['--no-verbose'], 'unknown option', '--no-verbose'],
    ['a letter', ['-x'], 'unknown option', '-x'],
    ['a digit after -v', ['-v3'], 'unknown option', '-3'],
    ['a name of every object', ['--constructor'], 'unknown option', '--constructor'],
    ['a value for a switch', ['--verbose=1'], 'takes no value', '--verbose'],
    ['an empty value for a switch', ['--verbose='], 'takes no value', '--verbose'],
    ['no value', ['-w'], 'missing value', '-w'],
    ['an option in place of the value', ['-w', '-c', '90'], 'missing value', '-w'],
    ['a long option in place of the value', ['--warning', '--critical'], 'missing value', '--warning'],
    ['-- in place of the value', ['-w', '--'], 'missing value', '-w'],
    ['an empty value', ['-w', ''], 'missing value', '-w'],
    ['an empty value inline', ['--warning='], 'missing value', '--warning'],
    ['a command', ['status'], 'unknown argument', 'status'],
    ['a command after a flag', ['-v', 'plan'], 'a command goes first', 'plan'],
    ['a flag of another command', ['--max', '5'], 'unknown option', '--max'],
    ['a lone dash', ['-'], 'unknown argument', '-'],
    ['an empty argument', [''], 'unknown argument', ''],
    ['an argument after --', ['--', 'x'], 'unknown argument', 'x'],
    ['twice', ['--root', 'a', '--root', 'b'], 'given twice', '--root'],
    ['twice in two forms', ['-t1', '--timeout=2'], 'given twice', '--timeout'],
  ])('%s', (_, argv, why, text) => expect(readArguments(argv).fault).toEqual({ why, text }));
});

describe('help and version', () => {
  test.each<[string, 'help' | 'version']>([
    ['-h', 'help'],
    ['--help', 'help'],
    ['-V', 'version'],
    ['--version', 'version'],
    ['-h --bogus', 'help'],
    ['-w 80 -h -x', 'help'],
    ['-vh', 'help'],
    ['-V -h', 'version'],
    ['-w nonsense -h', 'help'],
  ])('%s', (line, kind) => expect(parseRequest(line.split(' '), {})).toMatchObject({ kind }));

  test('refuses help as the value of another option', () => {
    expect(parseRequest(['-w', '-h'], {})).toMatchObject({ kind: 'mistake' });
  });
});

const DEFAULT_COVERS = 'the default --critical usage=90 covers it; give --critical too';

describe('options', () => {
  test('defaults', () => {
    expect(options()).toMatchObject({
      root: '/',
      timeoutSeconds: 8,
      verbosity: 0,
      absent: 'unknown',
      drift: 'warning',
    });
    expect(options().objectSize).toBe(undefined);
  });

  test('every option', () => {
    const line =
      '-w 70 -c 95 --absent Warning --root /host --object-size 350 -t 2.5 -vv --state-dir /state --record --window 600 --drift OK --partial Unknown --netns all --format json';
    expect(options(...line.split(' '))).toEqual({
      root: '/host',
      objectSize: 350,
      timeoutSeconds: 2.5,
      verbosity: 2,
      absent: 'warning',
      drift: 'ok',
      partial: 'unknown',
      format: 'json',
      netns: 'all',
      stateDir: '/state',
      record: true,
      windowSeconds: 600,
      thresholds: {
        usage: { warning: { start: 0, end: 70, inside: false }, critical: { start: 0, end: 95, inside: false } },
      },
    });
  });

  test.each<[string | undefined, readonly string[], Environment]>([
    [undefined, [], {}],
    [undefined, [], { MP_STATE_PATH: '', NAGIOS_PLUGIN_STATE_DIRECTORY: '' }],
    ['/mp', [], { MP_STATE_PATH: '/mp', NAGIOS_PLUGIN_STATE_DIRECTORY: '/nagios' }],
    ['/nagios', [], { MP_STATE_PATH: '', NAGIOS_PLUGIN_STATE_DIRECTORY: '/nagios' }],
    ['/flag', ['--state-dir', '/flag'], { MP_STATE_PATH: '/mp', NAGIOS_PLUGIN_STATE_DIRECTORY: '/nagios' }],
  ])('takes the state directory %s: %o, %o', (stateDir, argv, environment) => {
    expect(parseRequest(argv, environment)).toMatchObject({ command: 'check', options: { stateDir } });
  });

  test('--record needs a state directory', () => {
    expect(parseRequest(['--record'], {})).toMatchObject({
      kind: 'mistake',
      text: '--record',
      why: 'needs history: --state-dir, $MP_STATE_PATH or $NAGIOS_PLUGIN_STATE_DIRECTORY',
    });
    expect(parseRequest(['--record'], { MP_STATE_PATH: '/mp' })).toMatchObject({ options: { record: true } });
    expect(parseRequest(['--state-dir', '/x'], {})).toMatchObject({ options: { record: false } });
  });

  test.each([
    [undefined, ['incidents']],
    [2, ['incidents', '2']],
    [20, ['incidents', '20', '--format', 'json']],
  ])('incident %s: %o', (number, argv) => {
    expect(parseRequest(argv, {})).toMatchObject({ kind: 'run', command: 'incidents', options: { number } });
  });

  test.each([
    ['x', ['incidents', 'x']],
    ['-1', ['incidents', '-1']],
    ['3', ['incidents', '2', '3']],
    ['2', ['report', '2']],
  ])('%s is not the number of an incident: %o', (_, argv) => {
    expect(parseRequest(argv, {})).toMatchObject({ kind: 'mistake' });
  });

  test.each([
    ['-w', 'drop_rate=0'],
    ['-c', 'time_to_full=15m:'],
    ['--warning', 'growth=5'],
  ])('%s %s needs a state directory', (flag, threshold) => {
    const why = 'needs history: --state-dir, $MP_STATE_PATH or $NAGIOS_PLUGIN_STATE_DIRECTORY';
    expect(parseRequest([flag, threshold], {})).toMatchObject({ kind: 'mistake', text: threshold, why });
    expect(parseRequest([flag, threshold], { MP_STATE_PATH: '/mp' }).kind).toBe('run');
  });

  test.each([
    ['1', 1],
    ['10', 10],
    ['.5', 0.5],
    ['.25', 0.25],
    ['2.5', 2.5],
    ['2.25', 2.25],
    ['999999999', 999999999],
  ])('a timeout of %s', (text, seconds) => expect(options('--timeout', text).timeoutSeconds).toBe(seconds));

  test.each(['1', '350', '2147483647'])('an object of %s bytes', (text) => {
    expect(options('--object-size', text).objectSize).toBe(Number(text));
  });

  test.each<[string, string, string, string]>([
    ['--window 0', '--window', '0', 'not a positive number of seconds, or like 5m'],
    ['--window 5min', '--window', '5min', 'not a positive number of seconds, or like 5m'],
    ['-w x', '--warning', 'x', 'not a range'],
    ['-c 20:10', '--critical', '20:10', 'start is above end'],
    ['-w 80 -w 90', '--warning', '90', 'usage given twice'],
    ['-c drop=1 -c drop=2', '--critical', 'drop=2', 'drop given twice'],
    ['-w1h:', '--warning', '1h:', 'unknown unit h, available: %'],
    ['-w10h', '--warning', '10h', 'unknown unit h, available: %'],
    ['-wslab=512MB', '--warning', 'slab=512MB', 'unknown unit MB, available: M MiB'],
    ['-wload_factor=2k', '--warning', 'load_factor=2k', 'takes no unit k'],
    ['-wslab=80%', '--warning', 'slab=80%', 'unknown unit %, available: K M G T KiB MiB GiB TiB'],
    ['-w-c', '--warning', '-c', 'not a range'],
    ['--absent maybe', '--absent', 'maybe', 'not ok, warning, critical or unknown'],
    ['--drift maybe', '--drift', 'maybe', 'not ok, warning, critical or unknown'],
    ['--object-size 0', '--object-size', '0', 'not a whole number from 1 to 2147483647'],
    ['--object-size 1.5', '--object-size', '1.5', 'not a whole number from 1 to 2147483647'],
    ['--object-size 1K', '--object-size', '1K', 'not a whole number from 1 to 2147483647'],
    ['--object-size 2147483649', '--object-size', '2147483649', 'not a whole number from 1 to 2147483647'],
    ['--timeout 0', '--timeout', '0', 'not a positive number of seconds, or like 5m'],
    ['--timeout -1', '--timeout', '-1', 'not a positive number of seconds, or like 5m'],
    ['--timeout 1e3', '--timeout', '1e3', 'not a positive number of seconds, or like 5m'],
    ['--timeout 5S', '--timeout', '5S', 'not a positive number of seconds, or like 5m'],
    ['-w 90 -c 80', '--warning', 'usage=90', 'never warns, because --critical usage=80 covers it; swap them'],
    ['-w 5: -c 10:', '--warning', 'usage=5:', 'never warns, because --critical usage=10: covers it; swap them'],
    ['-w 95', '--warning', 'usage=95', `never warns, because ${DEFAULT_COVERS}`],
    ['-w 95 -c entries=5k', '--warning', 'usage=95', `never warns, because ${DEFAULT_COVERS}`],
    ['--timeout .', '--timeout', '.', 'not a positive number of seconds, or like 5m'],
    ['--timeout 5.', '--timeout', '5.', 'not a positive number of seconds, or like 5m'],
    ['--timeout .x', '--timeout', '.x', 'not a positive number of seconds, or like 5m'],
    ['--timeout 0.0', '--timeout', '0.0', 'not a positive number of seconds, or like 5m'],
  ])('a mistake: %s', (line, flag, text, why) => {
    expect(parseRequest(line.split(' '), {})).toMatchObject({ kind: 'mistake', flag, text, why });
  });
});

describe('plan', () => {
  test.each<[string, object]>([
    [
      'plan',
      { max: undefined, root: '/', objectSize: undefined, timeoutSeconds: Number.POSITIVE_INFINITY, verbosity: 0 },
    ],
    [
      'plan --max 1000000 --object-size=350 --root /x -t2 -v',
      { max: 1e6, root: '/x', objectSize: 350, timeoutSeconds: 2, verbosity: 1 },
    ],
    ['plan --max 2147483647', { max: 2147483647 }],
  ])('%s', (line, options) => {
    expect(parseRequest(line.split(' '), {})).toMatchObject({ kind: 'run', command: 'plan', options });
  });

  test('a report', () => {
    expect(parseRequest(['report'], {})).toMatchObject({
      kind: 'run',
      command: 'report',
      options: {
        top: 10,
        all: false,
        pid: undefined,
        intervalSeconds: 1,
        watch: false,
        entries: undefined,
        rootGiven: false,
      },
    });
    const words = 'report --top 1000 --all --pid 7 --interval 0.1 --watch --root / --format text'.split(' ');
    expect(parseRequest(words, {})).toMatchObject({
      options: { top: 1000, all: true, pid: 7, intervalSeconds: 0.1, watch: true, rootGiven: true, format: 'text' },
    });
    expect(parseRequest(['report', '--entries', '-', '-t', '1'], {})).toMatchObject({ options: { entries: '-' } });
  });

  test.each([
    ['report -w 80', '-w', 'unknown option'],
    ['report --max 5', '--max', 'unknown option'],
    ['report report', 'report', 'a command goes first'],
    ['report --top 0', '0', 'not a whole number from 1 to 1000'],
    ['report --top 1001', '1001', 'not a whole number from 1 to 1000'],
    ['report --pid 0', '0', 'not a process ID'],
    ['report --interval 0.09', '0.09', 'not a number of seconds from 0.1 to 86400'],
    ['report --interval 86401', '86401', 'not a number of seconds from 0.1 to 86400'],
    ['report --watch --format json', 'with --format json', 'only a live table can be watched, and only as text'],
    ['report --watch --entries -', 'with --entries', 'only a live table can be watched, and only as text'],
    ['report --pid 5 --entries -', 'with --entries', 'a captured list belongs to one namespace'],
    ['report -t 1', '1', 'must be longer than --interval'],
    ['report -t 1 --entries - --root /', '1', 'must be longer than --interval'],
    ['plan -w 80', '-w', 'unknown option'],
    ['plan --state-dir /x', '--state-dir', 'unknown option'],
    ['plan plan', 'plan', 'a command goes first'],
    ['plan 5', '5', 'unknown argument'],
    ['plan --max 5 --max 6', '--max', 'given twice'],
    ['plan --max 0', '0', 'not a whole number from 1 to 2147483647'],
    ['plan --max 1e6', '1e6', 'not a whole number from 1 to 2147483647'],
    ['plan --max 2147483648', '2147483648', 'not a whole number from 1 to 2147483647'],
  ])('a mistake: %s', (line, text, why) => {
    expect(parseRequest(line.split(' '), {})).toMatchObject({ kind: 'mistake', text, why });
  });

  test('has help of its own', () => {
    expect(parseRequest(['plan', '--help'], {})).toMatchObject({ kind: 'help', command: 'plan' });
  });
});

test.each(FLAGS.flatMap(({ of, long, value }) => of.map((command) => [command, `--${long}`, value.takes] as const)))(
  '%s reads %s',
  (command, flag, takes) => {
    const argv = takes === undefined ? [command, flag] : [command, flag, '7.5:'];
    expect(parseRequest(argv, {})).not.toEqual(parseRequest([command], {}));
  },
);

describe('prints a mistake in the requested format', () => {
  test.each<[string, string]>([
    ['', 'nagios'],
    ['--bogus --format json', 'json'],
    ['--format=prometheus --bogus', 'prometheus'],
    ['-w --format json', 'json'],
    ['--absent maybe --format json', 'json'],
    ['--format xml --format json', 'nagios'],
    ['--format', 'nagios'],
    ['-- --format json', 'nagios'],
    ['report --bogus', 'text'],
    ['report --bogus --format json', 'json'],
    ['report --format prometheus', 'text'],
    ['plan --max 0 --format json', 'json'],
    ['munin --format json', 'text'],
  ])('%s: %s', (line, format) => {
    const request = parseRequest(line.split(' ').concat('--bogus'), {});
    expect(request).toMatchObject({ kind: 'mistake', format });
  });
});
