// NRPE runs the built plugin through the shipped snippet, and check_nrpe fetches its output.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Answer, command } from '../e2e/support/plugin.ts';
import { HOST, RUNS, recommended, resultOf, runPlugin, runPluginAsNagios, type Site, site } from './daemon.ts';
import {
  holdConnections,
  limitTo,
  processInside,
  sendDatagrams,
  toolCounter,
  trackingNamespace,
  withoutOthers,
} from './namespace.ts';
import { liveSuite } from './parts.ts';
import { askNrpe, CHECK_NRPE, NRPE, shippedHere, startNrpe, sudoForm } from './support/nrpe-daemon.ts';
import { expectSameBesidesFigures, value } from './support/perfdata.ts';

const SNIPPET = 'nrpe_check_conntrack.cfg';
const SUDOERS = 'sudoers-check_conntrack';
const SUDO = '/usr/bin/sudo';
const VISUDO = '/usr/sbin/visudo';
const REFUSED = { status: 1, stdout: '', stderr: 'sudo: a password is required\n' };
const PROTOCOLS = [['-3'], ['-2'], []] as const;

liveSuite('NRPE', [NRPE, CHECK_NRPE], () => {
  test("check_nrpe prints the plugin's output, in each state and protocol", async () => {
    const here = site();
    const commands = RUNS.map(([name, , tree, args]) => ({ name, args: ['--root', here.tree(tree), ...args] }));
    const port = await startNrpe(here, { snippet: shippedHere(here, SNIPPET), commands });
    for (const [index, [state, exit]] of RUNS.entries()) {
      const direct = runPlugin(here, ...(commands[index]?.args ?? []));
      expect(direct).toMatchObject({ status: exit, stdout: expect.stringMatching(`^CONNTRACK ${state} - `) });
      for (const protocol of PROTOCOLS) expect(askNrpe(port, state, ...protocol)).toEqual({ ...direct, stderr: '' });
    }
  });

  test('long output arrives whole, in each state; protocol 2 cuts it at 1023 bytes and keeps line 1 whole', async () => {
    const here = site();
    const commands = RUNS.map(([name, , tree, args]) => ({ name, args: ['-v', '--root', here.tree(tree), ...args] }));
    const port = await startNrpe(here, { snippet: shippedHere(here, SNIPPET), commands });
    const answers = commands.map(({ name, args }) => ({ name, direct: runPlugin(here, ...args) }));
    expect(Math.max(...answers.map(({ direct }) => direct.stdout.length))).toBeGreaterThan(1100);
    for (const { name, direct } of answers) {
      expect(askNrpe(port, name)).toEqual(direct);
      expect(askNrpe(port, name, '-2')).toEqual({
        ...direct,
        stdout: direct.stdout.slice(0, 1023).replace(/\n?$/, '\n'),
      });
      expect(direct.stdout.indexOf('\n')).toBeLessThan(1023);
    }
  });

  test('the shipped command runs on the live table', async () => {
    const here = site();
    const direct = resultOf(runPluginAsNagios(here, ...recommended(here)));
    const answer = askNrpe(await startNrpe(here, { snippet: shippedHere(here, SNIPPET) }), 'check_conntrack');
    expectSameBesidesFigures(resultOf(answer), direct);
  });
});

liveSuite(
  'NRPE and every namespace',
  [NRPE, CHECK_NRPE, '/usr/sbin/nft', '/usr/sbin/ip', '/usr/sbin/conntrack'],
  () => {
    test("the shipped command names the full table, as NRPE's unprivileged user", async () => {
      const here = site();
      const port = await startNrpe(here, { snippet: shippedHere(here, SNIPPET), by: withoutOthers() });
      const full = trackingNamespace();
      const pid = await processInside(full);
      limitTo(100);
      await holdConnections(full, 100);
      askNrpe(port, 'check_conntrack_netns');
      const before = toolCounter(full, 'drop');
      sendDatagrams(full, 20);
      const lost = toolCounter(full, 'drop') - before;
      const answer = askNrpe(port, 'check_conntrack_netns');
      expect(answer.status).toBe(2);
      const label = `namespace of sleep (pid ${pid})`;
      expect(answer.stdout).toContain(
        `CONNTRACK CRITICAL - ${label} is full: 100 of 100, ${lost} packets dropped in the last `,
      );
      expect(value(answer, 'netns_usage')).toBe(100);
    });
  },
);

liveSuite('sudo', [NRPE, CHECK_NRPE, VISUDO, SUDO], () => {
  test('NRPE runs the shipped sudo form as root', async () => {
    const here = site();
    const port = await startNrpe(here, { snippet: sudoForm(here), by: withSudoers(here) });
    const direct = resultOf(runPlugin(here, ...recommended(here)));
    // Only root can read the exact object size: without it the line says "about".
    expect(direct.text).not.toBe(resultOf(runPluginAsNagios(here, ...recommended(here))).text);
    expectSameBesidesFigures(resultOf(askNrpe(port, 'check_conntrack')), direct);
  });

  test('visudo accepts the shipped lines, which allow no other arguments', () => {
    const here = site();
    const ask = asNagios(here);
    expect(command(VISUDO, ['-cf', join(here.folder, 'sudoers')])).toMatchObject({ status: 0, stderr: '' });
    for (const args of [[], ['--netns', 'all']]) expect(ask(HOST, ...args).stdout).toMatch(/^CONNTRACK /);
    for (const args of [
      ['-w', '80'],
      ['--root', '/etc'],
      ['--netns', 'all', '--root', '/etc'],
    ])
      expect(ask(HOST, ...args)).toEqual(REFUSED);
    expect(ask('check_conntrack', '-w', '80')).toEqual(REFUSED);
  });

  test('one file changes a threshold, through sudo too, and a refusal is "Unable to read output"', async () => {
    const here = site();
    const by = withSudoers(here);
    writeFileSync(join(here.folder, 'check_conntrack.conf'), '-w 70 -c 85 # percent\n-w load_factor=7\n');
    const refused = sudoForm(here).replace('[check_conntrack]', '[refused]');
    const snippet = `${sudoForm(here)}\n${refused} -w 80`;
    const port = await startNrpe(here, { snippet, by });
    expect(askNrpe(port, 'check_conntrack').stdout).toMatch(/ usage=[\d.]+%;70;85;.* load_factor=[\d.]+;7;/);
    expect(askNrpe(port, 'refused').stdout).toContain('Unable to read output');
  });
});

/** Runs one of the test's plugins through sudo, as the nagios user. */
function asNagios(here: Site): (name: string, ...args: readonly string[]) => Answer {
  const [program = '', ...before] = withSudoers(here);
  const user = ['setpriv', '--reuid=nagios', '--regid=nagios', '--clear-groups'];
  return (name, ...args) => command(program, [...before, ...user, SUDO, '-n', join(here.plugins, name), ...args]);
}

/** Runs a command with the shipped line as the only sudoers; the machine's own are unchanged. */
function withSudoers(here: Site): readonly string[] {
  const path = join(here.folder, 'sudoers');
  writeFileSync(path, shippedHere(here, SUDOERS), { mode: 0o440 });
  const mounts = `mount --bind ${path} /etc/sudoers && mount -t tmpfs none /etc/sudoers.d`;
  return ['unshare', '--mount', 'sh', '-c', `${mounts} && exec "$@"`, 'sh'];
}
