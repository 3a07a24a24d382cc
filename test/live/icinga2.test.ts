// The real Icinga 2 runs the built plugin through the shipped CheckCommand and service.

import { appendFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command, plugin } from '../e2e/support/plugin.ts';
import {
  eventually,
  expectSameShape,
  perfdataFields,
  type Result,
  RUNS,
  readIfThere,
  recommended,
  resultOf,
  runPlugin,
  type Site,
  STATE,
  shipped,
  site,
  start,
} from './daemon.ts';
import { liveSuite } from './parts.ts';

const ICINGA = '/usr/sbin/icinga2';
const FOLDERS = ['DataDir', 'LogDir', 'CacheDir', 'SpoolDir', 'InitRunDir'];

liveSuite('Icinga 2', [ICINGA], () => {
  test('icinga2 daemon -C accepts the shipped files', () => {
    const { stdout, status } = command(ICINGA, [...daemon(site()), '-C']);
    expect(stdout).not.toMatch(/ (warning|critical)\//);
    expect(status).toBe(0);
  });

  test('Icinga stores what the plugin said, in each state', async () => {
    const here = site();
    start(ICINGA, daemon(here));
    for (const [state, , tree, args] of RUNS) {
      const said = resultOf(runPlugin(here, '--verbose', '--root', here.tree(tree), ...args));
      const stored = await storedResult(here, state);
      expect(stored).toMatchObject({ state: said.state, text: said.text, details: said.details });
      expect(numbers(stored.perfdata)).toEqual(numbers(said.perfdata));
    }
    const live = runPlugin(here, ...recommended(here), '--verbose');
    expectSameShape(await storedResult(here, 'conntrack'), resultOf(live));
  });

  test('every flag reaches the plugin', async () => {
    const here = site();
    writeFileSync(join(here.plugins, 'check_conntrack'), '#!/bin/sh\necho "OK - $*"\n', { mode: 0o755 });
    start(ICINGA, daemon(here));
    const { text } = await storedResult(here, 'every flag');
    expect(text.replace('OK - ', '')).toBe(
      '--absent ok --critical 90 --critical drop=10 --drift critical --object-size 350 --root /nowhere --state-dir /state --timeout 5 --verbose --warning 80 --window 600',
    );
  });

  test('the CheckCommand has every flag of --help', () => {
    const flags = Array.from(plugin('--help').stdout.matchAll(/^ .*(--[a-z-]+) /gm), ([, flag]) => flag);
    const known = Array.from(
      shipped('icinga2-command-conntrack.conf').matchAll(/^ {4}"(--[a-z-]+)" = /gm),
      ([, f]) => f,
    );
    expect(flags.length).toBeGreaterThan(7);
    expect(known.sort()).toEqual(flags.filter((flag) => flag !== '--help' && flag !== '--version').sort());
  });
});

/** The command line of a daemon with its configuration written. */
function daemon(here: Site): string[] {
  const file = join(here.folder, 'icinga2.conf');
  const folders = FOLDERS.map((name) => `${name}=${join(here.folder, name)}`);
  for (const name of [...FOLDERS, 'perfdata']) mkdirSync(join(here.folder, name), { recursive: true });
  const files = ['icinga2-command-conntrack.conf', 'icinga2-service-conntrack.conf'].map((name) =>
    shipped(name, { [STATE]: here.state }),
  );
  writeFileSync(file, [settings(here), ...files, ...RUNS.map((run) => service(here, run)), EVERY_FLAG].join('\n'));
  const user = ['RunAsUser=root', 'RunAsGroup=root'];
  return ['daemon', '-c', file, ...[...user, ...folders].flatMap((define) => ['-D', define])];
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
object ExternalCommandListener "command" { command_path = "${join(folder, 'command')}" }
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

function service({ tree }: Site, [name, , fixture, args]: (typeof RUNS)[number]): string {
  const warnings = args.filter((arg) => arg !== '--warning').map((arg) => `"${arg}"`);
  return `
object Service "${name}" {
  host_name = "localhost"
  check_command = "conntrack"
  vars.conntrack_root = "${tree(fixture)}"
  vars.conntrack_warning = [ ${warnings.join(', ')} ]
  vars.conntrack_verbose = true
}
`;
}

const EVERY_FLAG = `
object Service "every flag" {
  host_name = "localhost"
  check_command = "conntrack"
  vars.conntrack_warning = 80
  vars.conntrack_critical = [ "90", "drop=10" ]
  vars.conntrack_absent = "ok"
  vars.conntrack_drift = "critical"
  vars.conntrack_object_size = 350
  vars.conntrack_root = "/nowhere"
  vars.conntrack_timeout = 5
  vars.conntrack_state_dir = "/state"
  vars.conntrack_window = 600
  vars.conntrack_verbose = true
}
`;

/** Asks for a check at once, and waits until the PerfdataWriter has put down its result. */
async function storedResult(here: Site, service: string): Promise<Result> {
  const pipe = join(here.folder, 'command');
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

// Each record ends in a form feed; what comes behind the last one is still being written.
function records(here: Site): string[] {
  const folder = join(here.folder, 'perfdata');
  const texts = readdirSync(folder).map((name) => readIfThere(join(folder, name)));
  return texts.flatMap((text) => text.split('\f').slice(0, -1)).map((record) => record.trimStart());
}

// Icinga writes the figures anew in its own form; what counts is that each is still the same.
function numbers(perfdata: string): readonly (readonly unknown[])[] {
  return Object.entries(perfdataFields(perfdata)).map(([label, [value, unit, ...limits]]) => [
    label,
    Number(value),
    unit,
    ...limits.map((limit) => (limit === '' ? undefined : Number(limit))),
  ]);
}
