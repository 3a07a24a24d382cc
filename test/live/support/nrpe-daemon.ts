// NRPE instances, each on its own port, with the shipped snippet and a test's own commands, and the check_nrpe that
// queries them.

import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Answer, BEFORE, command, NODE, shell } from '../../e2e/support/plugin.ts';
import { eventually, type Site, shipped } from '../daemon.ts';
import { startContained } from './contained.ts';

export const NRPE = '/usr/sbin/nrpe';
export const CHECK_NRPE = '/usr/lib/nagios/plugins/check_nrpe';
/** The plugins' directory in the shipped files. */
const DOCUMENTED = '/usr/lib/nagios/plugins';

/** A command of nrpe.cfg that runs the plugin. */
interface NrpeCommand {
  readonly name: string;
  readonly args: readonly string[];
}

interface NrpeSetting {
  readonly snippet: string;
  readonly commands?: readonly NrpeCommand[];
  /** The command line that starts NRPE, if it is not started directly. */
  readonly by?: readonly string[];
}

/** Starts NRPE, waits until it answers, and returns its port. */
export async function startNrpe(here: Site, { snippet, commands = [], by = [] }: NrpeSetting): Promise<string> {
  const port = await freePort();
  const file = join(here.folder, `nrpe-${port}.cfg`);
  const own = commands.map(
    ({ name, args }) => `command[${name}]=${[...runsPlugin(here), ...args.map(quoted)].join(' ')}`,
  );
  writeFileSync(file, [...settings(here, port), snippet, ...own, ''].join('\n'));
  startContained(...by, NRPE, '-c', file, '-f');
  await eventually(() => (command(CHECK_NRPE, ['-H', '127.0.0.1', '-p', port]).status === 0 ? true : undefined));
  return port;
}

export function askNrpe(port: string, name: string, ...version: readonly string[]): Answer {
  return command(CHECK_NRPE, [...version, '-H', '127.0.0.1', '-p', port, '-c', name]);
}

/** Returns a shipped file with the plugins' directory replaced by the test's. */
export function shippedHere(here: Site, name: string): string {
  return shipped(name, { [DOCUMENTED]: here.plugins });
}

/** Enables a commented-out command of the snippet, which uses sudo. */
export function sudoForm(here: Site, name = 'check_conntrack'): string {
  const lines = shippedHere(here, 'nrpe_check_conntrack.cfg').split('\n');
  const isForm = (line: string) => line.startsWith(`#command[${name}]=`) && line.includes('sudo');
  return lines.find(isForm)?.slice('#'.length) ?? '';
}

function settings({ folder }: Site, port: string): readonly string[] {
  return [
    `log_file=${join(folder, `nrpe-${port}.log`)}`,
    `pid_file=${join(folder, `nrpe-${port}.pid`)}`,
    `server_port=${port}`,
    'server_address=127.0.0.1\nallowed_hosts=127.0.0.1\nnrpe_user=nagios\nnrpe_group=nagios',
    'command_timeout=20\ndisable_syslog=1',
  ];
}

/** NRPE sets its own PATH; if this Node is elsewhere, its path has to be given, as README says. */
export function runsPlugin(here: Site): readonly string[] {
  const nodePath = shell('PATH=/usr/bin:/bin:/usr/sbin:/sbin command -v node').stdout.trim();
  return nodePath === NODE ? [installed(here)] : [...BEFORE, installed(here)];
}

function installed({ plugins }: Site): string {
  return join(plugins, 'check_conntrack');
}

export function freePort(): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? String(address.port) : ''));
    });
  });
}

function quoted(arg: string): string {
  return `'${arg}'`;
}
