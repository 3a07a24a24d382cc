// Nagios runs the built plugin through the shipped definitions.

import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command } from '../e2e/support/plugin.ts';
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
import { CHECK_NRPE, NRPE, shippedHere, startNrpe } from './support/nrpe-daemon.ts';
import { expectSameBesidesFigures, metrics } from './support/perfdata.ts';

const NAGIOS = '/usr/sbin/nagios4';
const FILE = 'check_conntrack.cfg';

liveSuite('Nagios', [NAGIOS], () => {
  test('nagios4 -v accepts the shipped file', () => {
    const here = site();
    const { stdout, status } = command(NAGIOS, ['-v', configuration(here, definitions(here))]);
    expect(stdout).toContain('Total Errors:   0');
    expect(stdout).toContain('Total Warnings: 0');
    expect(stdout).toContain(`Checked ${RUNS.length + 1} services.`);
    expect(status).toBe(0);
  });

  test("Nagios stores the plugin's output, in each state and on the live table", async () => {
    const here = site();
    startContained(NAGIOS, configuration(here, definitions(here)));
    for (const [state, exit, tree, args] of RUNS) {
      const direct = resultOf(runPlugin(here, '--verbose', '--root', here.tree(tree), ...args));
      const stored = await storedResult(here, state);
      expect(stored).toMatchObject({ state: exit, text: expect.stringMatching(`^CONNTRACK ${state} - `) });
      // Nagios itself replaces each semicolon of the text by a colon.
      expect(stored).toEqual({ ...direct, text: direct.text.replace(/;/g, ':') });
      expect(metrics(stored.perfdata)).toEqual(metrics(direct.perfdata));
    }
    const live = resultOf(runPluginAsNagios(here, ...recommended(here)));
    expectSameBesidesFigures(await storedResult(here, 'conntrack'), live);
  });
});

liveSuite('Nagios through NRPE', [NAGIOS, NRPE, CHECK_NRPE], () => {
  test('the shipped remote service stores the output of the plugin on the remote host', async () => {
    const here = site();
    const port = await startNrpe(here, { snippet: shippedHere(here, 'nrpe_check_conntrack.cfg') });
    symlinkSync(CHECK_NRPE, join(here.plugins, 'check_nrpe'));
    startContained(NAGIOS, configuration(here, remoteService() + remoteHost(port)));
    const stored = await storedResult(here, 'conntrack', 'firewall');
    expectSameBesidesFigures(stored, resultOf(runPluginAsNagios(here, ...recommended(here))));
  });
});

function definitions({ state }: Site): string {
  return shipped(FILE, { [STATE]: state });
}

/** The shipped file with its commented-out service enabled. */
function remoteService(): string {
  return shipped(FILE).replace(/^# define service \{\n(?:# .*\n)*# \}$/m, (block) => block.replace(/^# /gm, ''));
}

// Port 5666 may be in use: the address adds the port to the shipped command line.
function remoteHost(port: string): string {
  return `define host {\n  use test-host\n  host_name firewall\n  address 127.0.0.1 -p ${port}\n}\n`;
}

/** Writes nagios.cfg with the definitions and one service per run; returns its path. */
function configuration(here: Site, definitions: string): string {
  const state = join(here.folder, 'state');
  mkdirSync(join(state, 'results'), { recursive: true });
  const write = (name: string, text: string): string => {
    const path = join(here.folder, name);
    writeFileSync(path, text);
    return path;
  };
  const services = RUNS.map(([name, , tree, args]) => service(name, ['--verbose', '--root', here.tree(tree), ...args]));
  const main = [
    `cfg_file=${write(FILE, definitions)}`,
    `cfg_file=${write('objects.cfg', TEMPLATES + services.join(''))}`,
    `resource_file=${write('resource.cfg', `$USER1$=${here.plugins}\n`)}`,
    ...['log_file', 'object_cache_file', 'status_file', 'lock_file', 'temp_file', 'state_retention_file'].map(
      (name) => `${name}=${join(state, name)}`,
    ),
    ...['command_file', 'query_socket'].map((name) => `${name}=${join(state, name)}`),
    `temp_path=${state}`,
    `check_result_path=${join(state, 'results')}`,
    SETTINGS,
  ];
  execFileSync('chown', ['-R', 'nagios', state]);
  return write('nagios.cfg', `${main.join('\n')}\n`);
}

const SETTINGS = `status_update_interval=1
use_syslog=0
check_for_updates=0
interval_length=1
service_check_timeout=10
enable_notifications=0
service_inter_check_delay_method=n
host_inter_check_delay_method=n
illegal_macro_output_chars=$&|'"<>
nagios_user=nagios
nagios_group=nagios`;

const TEMPLATES = `define timeperiod {
  timeperiod_name always
  alias always
  sunday 00:00-24:00
  monday 00:00-24:00
  tuesday 00:00-24:00
  wednesday 00:00-24:00
  thursday 00:00-24:00
  friday 00:00-24:00
  saturday 00:00-24:00
}
define contact {
  contact_name nobody
  host_notifications_enabled 0
  service_notifications_enabled 0
  host_notification_period always
  service_notification_period always
  host_notification_commands no_notification
  service_notification_commands no_notification
}
define command {
  command_name no_notification
  command_line /bin/true
}
define service {
  name generic-service
  register 0
  check_period always
  notification_period always
  contacts nobody
}
define host {
  name test-host
  register 0
  check_period always
  notification_period always
  contacts nobody
  max_check_attempts 1
}
define host {
  use test-host
  host_name localhost
  address 127.0.0.1
}
`;

function service(name: string, args: readonly string[]): string {
  return `define service {
  use generic-service
  host_name localhost
  service_description ${name}
  check_command check_conntrack!${args.map((arg) => `'${arg}'`).join(' ')}
  max_check_attempts 1
}
`;
}

function storedResult(here: Site, service: string, host = 'localhost'): Promise<Result> {
  const names = `\thost_name=${host}\n\tservice_description=${service}\n`;
  return eventually(() => {
    const status = readIfThere(join(here.folder, 'state/status_file'));
    const block = status.split('servicestatus {').find((text) => text.includes(names));
    const field = (name: string): string => new RegExp(`\\t${name}=(.*)\\n`).exec(block ?? '')?.[1] ?? '';
    if (field('has_been_checked') !== '1') return undefined;
    return {
      state: Number(field('current_state')),
      text: field('plugin_output'),
      perfdata: field('performance_data'),
      details: field('long_plugin_output').split('\\n').filter(Boolean),
    };
  });
}
