// The real NRPE runs the built plugin through the shipped snippet, and the real check_nrpe carries its answer.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Answer, command, NODE, shell } from '../e2e/support/plugin.ts';
import {
  eventually,
  expectSameShape,
  RUNS,
  recommended,
  resultOf,
  runPlugin,
  runPluginAsNagios,
  type Site,
  STATE,
  shipped,
  site,
  start,
} from './daemon.ts';
import { liveSuite } from './parts.ts';

const NRPE = '/usr/sbin/nrpe';
const CHECK_NRPE = '/usr/lib/nagios/plugins/check_nrpe';
const VISUDO = '/usr/sbin/visudo';
const DOCUMENTED = '/usr/lib/nagios/plugins/check_conntrack';
const PORT = String(20_000 + (process.pid % 10_000));
const VERSIONS = [[], ['-2']] as const;

liveSuite('NRPE', [NRPE, CHECK_NRPE, VISUDO], () => {
  test('check_nrpe says what the plugin said, in each state and both protocols', async () => {
    const here = site();
    await startNrpe(here);
    for (const [state, exit, tree, args] of RUNS) {
      const said = runPlugin(here, '--root', here.tree(tree), ...args);
      expect(said.status).toBe(exit);
      for (const version of VERSIONS) expect(ask(state, ...version)).toEqual({ ...said, stderr: '' });
    }
  });

  test('the shipped command runs on the live table', async () => {
    const here = site();
    await startNrpe(here);
    const said = resultOf(runPluginAsNagios(here, ...recommended(here)));
    expectSameShape(resultOf(ask('check_conntrack')), said);
  });

  test('long output arrives whole; protocol 2 cuts it at 1023 bytes, after the whole first line', async () => {
    const here = site();
    await startNrpe(here);
    const said = runPlugin(here, '--verbose', '--root', here.tree('debian-12-synthetic')).stdout.trimEnd();
    expect(said.length).toBeGreaterThan(1023);
    expect(ask('verbose').stdout.trimEnd()).toBe(said);
    const cut = ask('verbose', '-2').stdout.trimEnd();
    expect(said.startsWith(cut)).toBe(true);
    expect(cut.length).toBeLessThanOrEqual(1023);
    expect(cut.startsWith(`${said.split('\n')[0]}\n`)).toBe(true);
  });

  test('visudo accepts the sudoers line, and it allows the sudo variant and nothing else', () => {
    const path = join(site().folder, 'sudoers');
    writeFileSync(path, shipped('sudoers-check_conntrack'), { mode: 0o440 });
    expect(command(VISUDO, ['-cf', path])).toMatchObject({ status: 0, stderr: '' });
    const allowed = /NOPASSWD: (.*)/.exec(shipped('sudoers-check_conntrack'))?.[1]?.replace(/\\([=:])/g, '$1');
    const used = /^#command\[check_conntrack\]=\/usr\/bin\/sudo -n (.*)$/m.exec(
      shipped('nrpe_check_conntrack.cfg'),
    )?.[1];
    expect(used).toMatch(/^\/usr\/lib\/nagios\/plugins\/check_conntrack [^*?[\]]+$/);
    expect(allowed).toBe(used);
  });
});

liveSuite('sudo', [VISUDO, '/usr/bin/sudo'], () => {
  test('lets nagios run the check as root, with the arguments of the shipped line and no others', () => {
    const here = site();
    const plugin = join(here.plugins, 'check_conntrack');
    const sudoers = join(here.folder, 'sudoers');
    writeFileSync(sudoers, shipped('sudoers-check_conntrack', { [DOCUMENTED]: plugin, [STATE]: here.state }), {
      mode: 0o440,
    });
    // Only in a mount namespace: the machine's own sudoers stay as they are.
    const asNagios = 'setpriv --reuid=nagios --regid=nagios --clear-groups sudo -n';
    const script = `mount --bind ${sudoers} /etc/sudoers && mount -t tmpfs none /etc/sudoers.d && exec ${asNagios} "$@"`;
    const sudo = (...args: readonly string[]) =>
      command('unshare', ['--mount', 'sh', '-c', script, 'sh', plugin, ...args]);

    const said = resultOf(runPlugin(here, ...recommended(here)));
    expectSameShape(resultOf(sudo(...recommended(here).slice(0, -1), here.state)), said);
    expect(sudo('--root', '/etc')).toMatchObject({ status: 1, stdout: '' });
  });
});

async function startNrpe(here: Site): Promise<void> {
  const file = join(here.folder, 'nrpe.cfg');
  const plugin = onNrpesPath()
    ? join(here.plugins, 'check_conntrack')
    : `${NODE} ${join(here.plugins, 'check_conntrack')}`;
  const commands = RUNS.map(([name, , tree, args]) => nrpeCommand(name, plugin, ['--root', here.tree(tree), ...args]));
  const verbose = nrpeCommand('verbose', plugin, ['--verbose', '--root', here.tree('debian-12-synthetic')]);
  const settings = [
    `log_file=${join(here.folder, 'nrpe.log')}`,
    `pid_file=${join(here.folder, 'nrpe.pid')}`,
    `server_port=${PORT}`,
    'server_address=127.0.0.1\nallowed_hosts=127.0.0.1\nnrpe_user=nagios\nnrpe_group=nagios',
    'command_timeout=20\ndisable_syslog=1',
  ];
  const snippet = shipped('nrpe_check_conntrack.cfg', { [DOCUMENTED]: plugin, [STATE]: here.state });
  writeFileSync(file, [...settings, snippet, ...commands, verbose, ''].join('\n'));
  start(NRPE, ['-c', file, '-f']);
  await eventually(() => (command(CHECK_NRPE, ['-H', '127.0.0.1', '-p', PORT]).status === 0 ? true : undefined));
}

// NRPE sets its own PATH; where this Node is elsewhere its path has to be named, as README says.
function onNrpesPath(): boolean {
  return shell('PATH=/usr/bin:/bin:/usr/sbin:/sbin command -v node').stdout.trim() === NODE;
}

function nrpeCommand(name: string, plugin: string, args: readonly string[]): string {
  return `command[${name}]=${plugin} ${args.map((arg) => `'${arg}'`).join(' ')}`;
}

function ask(name: string, ...version: readonly string[]): Answer {
  return command(CHECK_NRPE, [...version, '-H', '127.0.0.1', '-p', PORT, '-c', name]);
}
