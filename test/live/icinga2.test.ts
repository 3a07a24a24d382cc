// Icinga 2 runs the built plugin through the shipped CheckCommand and service.

import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command, plugin } from '../e2e/support/plugin.ts';
import {
  eventually,
  type Result,
  RUNS,
  readIfThere,
  recommended,
  resultOf,
  runPlugin,
  runPluginAsNagios,
  type Site,
  STATE,
  shipped,
  site,
} from './daemon.ts';
import { liveSuite } from './parts.ts';
import { startContained } from './support/contained.ts';
import { expectSameBesidesFigures, numbers } from './support/perfdata.ts';

const ICINGA = '/usr/sbin/icinga2';
const COMMAND = 'icinga2-command-conntrack.conf';
const FILES = [COMMAND, 'icinga2-service-conntrack.conf'];
/** Directories that Icinga writes to, as its own user. */
const FOLDERS = ['DataDir', 'LogDir', 'CacheDir', 'SpoolDir', 'InitRunDir', 'perfdata'];
const SAYS_ARGUMENTS = `#!/bin/sh
printf 'OK -'
printf ' <%s>' "$@"
`;

type Variables = Readonly<Record<string, number | string | boolean | readonly string[]>>;

const EVERYTHING: Variables = {
  absent: 'ok',
  critical: ['90', 'drop=10'],
  drift: 'critical',
  format: 'json',
  netns: 'all',
  object_size: 350,
  partial: 'warning',
  record: true,
  root: '/no where',
  state_dir: '/state',
  timeout: 5,
  verbose: true,
  warning: ['~:80', 'load_factor=25'],
  window: 600,
};

// Icinga sorts the arguments by their keys.
const CALLS: readonly (readonly [string, Variables, string])[] = [
  [
    'every flag',
    EVERYTHING,
    '<--absent> <ok> <--critical> <90> <--critical> <drop=10> <--drift> <critical> ' +
      '<--format> <json> <--netns> <all> <--object-size> <350> <--partial> <warning> <--record> <--root> </no where> <--state-dir> </state> <--timeout> <5> <--verbose> ' +
      '<--warning> <~:80> <--warning> <load_factor=25> <--window> <600>',
  ],
  ['no array', { warning: 70, critical: '@0:10' }, '<--critical> <@0:10> <--warning> <70>'],
  ['verbose 2', { verbose: 2 }, '<--verbose> <-v>'],
  ['verbose 3', { verbose: 3 }, '<--verbose> <-vv>'],
];

liveSuite('Icinga 2', [ICINGA], () => {
  test('icinga2 daemon -C accepts the shipped files', () => {
    const { stdout, status } = command(ICINGA, [...daemon(site()), '-C']);
    expect(stdout).not.toMatch(/ (warning|critical)\//);
    expect(stdout).toContain('Instantiated 3 CheckCommands.');
    expect(status).toBe(0);
  });

  test("Icinga stores the plugin's output, in each state and on the live table", async () => {
    const here = site();
    startContained(ICINGA, ...daemon(here));
    const compared = RUNS.map(async ([state, exit, tree, args]) => {
      const direct = resultOf(runPlugin(here, '--verbose', '--root', here.tree(tree), ...args));
      const stored = await storedResult(here, state);
      expect(stored).toMatchObject({ state: exit, text: expect.stringMatching(`^CONNTRACK ${state} - `) });
      expect({ ...stored, perfdata: numbers(stored.perfdata) }).toEqual({
        ...direct,
        perfdata: numbers(direct.perfdata),
      });
    });
    await Promise.all(compared);
    const live = runPluginAsNagios(here, ...recommended(here), '--verbose');
    expectSameBesidesFigures(await storedResult(here, 'conntrack'), resultOf(live));
  });

  test('every argument of the CheckCommand reaches the plugin, with separate values', async () => {
    const here = site();
    writeFileSync(join(here.plugins, 'check_conntrack'), SAYS_ARGUMENTS, { mode: 0o755 });
    startContained(ICINGA, ...daemon(here));
    const stored = await Promise.all(CALLS.map(([name]) => storedResult(here, name)));
    expect(stored.map(({ text }) => text)).toEqual(CALLS.map(([, , line]) => `OK - ${line}`));
  });
});

test('the CheckCommand has every flag of --help, with a description and a tested variable', () => {
  const blocks = Array.from(shipped(COMMAND).matchAll(/^ {4}"(--[a-z-]+)" = \{\n([^}]*)\}/gm));
  const flags = Array.from(plugin('--help').stdout.matchAll(/^ {2}(?:-\w,| {3}) (--[a-z-]+) /gm), ([, flag]) => flag);
  const checking = flags.filter((flag) => flag !== '--help' && flag !== '--version').sort();
  expect(checking.length).toBeGreaterThan(6);
  expect(blocks.map(([, flag]) => flag).sort()).toEqual(checking);
  expect(Object.keys(EVERYTHING).map((name) => `--${name.replace('_', '-')}`)).toEqual(checking);
  for (const [, flag, block] of blocks) {
    const variable = flag?.slice('--'.length).replace('-', '_');
    expect(block).toMatch(new RegExp(`(value|set_if) = "\\$conntrack_${variable}\\$"`));
    expect(block).toMatch(/description = "\S.+"\n/);
  }
});

/** Returns the command line of a daemon after writing its configuration. */
function daemon(here: Site): string[] {
  const file = join(here.folder, 'icinga2.conf');
  const folders = FOLDERS.map((name) => join(here.folder, name));
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  execFileSync('chown', ['nagios:nagios', ...folders]);
  const services = [
    ...RUNS.map(([name, , tree, args]) => service(name, runVariables(here.tree(tree), args))),
    ...CALLS.map(([name, variables]) => service(name, variables)),
  ];
  writeFileSync(
    file,
    [settings(here), ...FILES.map((name) => shipped(name, { [STATE]: here.state })), ...services].join('\n'),
  );
  const defines = FOLDERS.map((name, index) => `${name}=${folders[index]}`);
  const user = ['RunAsUser=nagios', 'RunAsGroup=nagios'];
  return ['daemon', '-c', file, ...[...user, ...defines].flatMap((define) => ['-D', define])];
}

function settings({ folder, plugins }: Site): string {
  const perfdata = join(folder, 'perfdata');
  return `
const PluginContribDir = "${plugins}"
const NodeName = "localhost"
const ZoneName = "localhost"
object Endpoint NodeName { }
object Zone ZoneName { endpoints = [ NodeName ] }
object CheckerComponent "checker" { }
object ExternalCommandListener "command" { command_path = "${commandPipe(folder)}" }
object PerfdataWriter "perfdata" {
  host_temp_path = "${perfdata}/host.tmp"
  service_temp_path = "${perfdata}/service.tmp"
  host_perfdata_path = "${perfdata}/host"
  service_perfdata_path = "${perfdata}/service"
  rotation_interval = 1s
  service_format_template = "$service.name$\\t$service.state_id$\\t$service.perfdata$\\t$service.output$\\f"
}
object Host "localhost" {
  check_command = "conntrack"
  vars.conntrack = true
}
`;
}

function commandPipe(folder: string): string {
  return join(folder, 'InitRunDir', 'command');
}

function runVariables(root: string, args: readonly string[]): Variables {
  return { root, verbose: true, warning: args.filter((arg) => arg !== '--warning') };
}

// Icinga reads numbers, strings, booleans and arrays in JSON's syntax.
function service(name: string, variables: Variables): string {
  const lines = Object.entries(variables).map(([key, value]) => `  vars.conntrack_${key} = ${JSON.stringify(value)}\n`);
  return `object Service "${name}" {\n  host_name = "localhost"\n  check_command = "conntrack"\n${lines.join('')}}\n`;
}

/** Requests a check, and waits until the PerfdataWriter has written its result. */
async function storedResult(here: Site, service: string): Promise<Result> {
  const pipe = commandPipe(here.folder);
  await eventually(() => existsSync(pipe) || undefined);
  appendFileSync(pipe, `[${seconds()}] SCHEDULE_FORCED_SVC_CHECK;localhost;${service};${seconds()}\n`);
  return eventually(() => {
    const record = records(here).find((text) => text.startsWith(`${service}\t`));
    if (record === undefined) return undefined;
    const [, state, perfdata = '', output = ''] = record.split('\t');
    const [text = '', ...details] = output.split('\n');
    return { state: Number(state), text: text.trimEnd(), perfdata, details };
  });
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

// Each record ends in a form feed; the text after the last one is still being written.
function records(here: Site): string[] {
  const folder = join(here.folder, 'perfdata');
  const texts = readdirSync(folder).map((name) => readIfThere(join(folder, name)));
  return texts.flatMap((text) => text.split('\f').slice(0, -1)).map((record) => record.trimStart());
}
