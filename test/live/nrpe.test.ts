// The real NRPE runs the built plugin through the shipped snippet, and the real check_nrpe carries its answer.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command, RUNS_ON_NODE, TOP } from '../e2e/support/plugin.ts';
import { RUNS, recommended, resultOf, runPlugin, runPluginAsNagios, type Site, STATE, site } from './daemon.ts';
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
import { askNrpe, CHECK_NRPE, NRPE, otherForm, runsPlugin, shippedHere, startNrpe } from './support/nrpe-daemon.ts';
import { expectSameBesidesFigures, value } from './support/perfdata.ts';

const SNIPPET = 'nrpe_check_conntrack.cfg';
const SUDOERS = 'sudoers-check_conntrack';
const SUDO = '/usr/bin/sudo';
const VISUDO = '/usr/sbin/visudo';
const PLUGIN = '/usr/lib/nagios/plugins/check_conntrack';
const SCRIPT = '/usr/local/sbin/check_conntrack_as_root';
const REFUSED = { status: 1, stdout: '', stderr: 'sudo: a password is required\n' };
const PROTOCOLS = [['-3'], ['-2'], []] as const;

liveSuite('NRPE', [NRPE, CHECK_NRPE], () => {
  test('check_nrpe says what the plugin said, in each state and every protocol', async () => {
    const here = site();
    const commands = RUNS.map(([name, , tree, args]) => ({ name, args: ['--root', here.tree(tree), ...args] }));
    const port = await startNrpe(here, { snippet: shippedHere(here, SNIPPET), commands });
    for (const [index, [state, exit]] of RUNS.entries()) {
      const said = runPlugin(here, ...(commands[index]?.args ?? []));
      expect(said).toMatchObject({ status: exit, stdout: expect.stringMatching(`^CONNTRACK ${state} - `) });
      for (const protocol of PROTOCOLS) expect(askNrpe(port, state, ...protocol)).toEqual({ ...said, stderr: '' });
    }
  });

  test('long output arrives whole, in each state; protocol 2 cuts it at 1023 bytes and leaves line 1 whole', async () => {
    const here = site();
    const commands = RUNS.map(([name, , tree, args]) => ({ name, args: ['-v', '--root', here.tree(tree), ...args] }));
    const port = await startNrpe(here, { snippet: shippedHere(here, SNIPPET), commands });
    const answers = commands.map(({ name, args }) => ({ name, said: runPlugin(here, ...args) }));
    expect(Math.max(...answers.map(({ said }) => said.stdout.length))).toBeGreaterThan(1100);
    for (const { name, said } of answers) {
      expect(askNrpe(port, name)).toEqual(said);
      expect(askNrpe(port, name, '-2')).toEqual({ ...said, stdout: said.stdout.slice(0, 1023).replace(/\n?$/, '\n') });
      expect(said.stdout.indexOf('\n')).toBeLessThan(1023);
    }
  });

  test('the shipped command runs on the live table, as it is and, where it needs one, with Node named', async () => {
    const here = site();
    const said = resultOf(runPluginAsNagios(here, ...recommended(here)));
    const forms = [shippedHere(here, SNIPPET), ...(RUNS_ON_NODE ? [otherForm(here, '/usr/local/bin/node')] : [])];
    for (const snippet of forms) {
      const answer = askNrpe(await startNrpe(here, { snippet }), 'check_conntrack');
      expectSameBesidesFigures(resultOf(answer), said);
    }
  });
});

liveSuite(
  'NRPE and every namespace',
  [NRPE, CHECK_NRPE, '/usr/sbin/nft', '/usr/sbin/ip', '/usr/sbin/conntrack'],
  () => {
    test('the shipped command names the full one, as the unprivileged user of NRPE', async () => {
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
    const port = await startNrpe(here, { snippet: otherForm(here, 'sudo'), by: withSudoers(here) });
    const said = resultOf(runPlugin(here, ...recommended(here)));
    // Only root knows the exact object size: without it the line says "about".
    expect(said.text).not.toBe(resultOf(runPluginAsNagios(here, ...recommended(here))).text);
    expectSameBesidesFigures(resultOf(askNrpe(port, 'check_conntrack')), said);
  });

  test('NRPE runs the script of the manual as root, the one file with the thresholds, and sudo allows it no argument', async () => {
    const here = site();
    const [script, sudoers, snippet] = inOneFile(here);
    const path = pathHere(here, SCRIPT);
    writeFileSync(path, script, { mode: 0o755 });
    const by = withSudoers(here, sudoers);
    expect(command(VISUDO, ['-cf', join(here.folder, 'sudoers')])).toMatchObject({ status: 0, stderr: '' });
    const said = resultOf(runPlugin(here, ...recommended(here)));
    const answer = askNrpe(await startNrpe(here, { snippet, by }), 'check_conntrack');
    expectSameBesidesFigures(resultOf(answer), said);
    const [program = '', ...before] = by;
    const asNagios = ['setpriv', '--reuid=nagios', '--regid=nagios', '--clear-groups', SUDO, '-n', path];
    expect(command(program, [...before, ...asNagios, '--root', '/etc'])).toEqual(REFUSED);
    // Another threshold is another line of the script alone.
    writeFileSync(path, script.replace('-c 90', '-c 90 --bogus'), { mode: 0o755 });
    expect(command(program, [...before, ...asNagios]).stdout).toContain('--bogus: unknown option');
  });

  test('visudo accepts the shipped line, and it allows no other arguments', () => {
    const here = site();
    const [program = '', ...before] = withSudoers(here);
    const asNagios = ['setpriv', '--reuid=nagios', '--regid=nagios', '--clear-groups', SUDO, '-n', ...runsPlugin(here)];
    const ask = (...args: readonly string[]) => command(program, [...before, ...asNagios, ...args]);
    expect(command(VISUDO, ['-cf', join(here.folder, 'sudoers')])).toMatchObject({ status: 0, stderr: '' });
    const allowed = recommended(here, here.state);
    expect(ask(...allowed).stdout).toMatch(/^CONNTRACK /);
    for (const args of [[], ['-w', '80'], ['--root', '/etc'], [...allowed, '--root', '/etc']])
      expect(ask(...args)).toEqual(REFUSED);
  });
});

/** The manual's way to have the thresholds in one file, with the paths of here: script, sudoers line, command. */
function inOneFile(here: Site): readonly [script: string, sudoers: string, command: string] {
  const manual = readFileSync(join(TOP, '.dev/manual.md'), 'utf8');
  const blocks = Array.from(manual.matchAll(/^```\n([\s\S]*?)^```$/gm), ([, block = '']) => block);
  const [script = '', sudoers = '', line = ''] = blocks
    .slice(blocks.findIndex((block) => block.startsWith('#!/bin/sh')))
    .map((block) => [SCRIPT, STATE, PLUGIN].reduce((text, path) => text.split(path).join(pathHere(here, path)), block));
  return [script, sudoers, line];
}

function pathHere(here: Site, path: string): string {
  return path === SCRIPT ? join(here.folder, 'as_root') : path === STATE ? here.state : runsPlugin(here).join(' ');
}

/** Runs what follows with the shipped line as the only sudoers; the machine's own stay as they are. */
function withSudoers(here: Site, text = shippedHere(here, SUDOERS)): readonly string[] {
  const path = join(here.folder, 'sudoers');
  writeFileSync(path, text, { mode: 0o440 });
  const mounts = `mount --bind ${path} /etc/sudoers && mount -t tmpfs none /etc/sudoers.d`;
  return ['unshare', '--mount', 'sh', '-c', `${mounts} && exec "$@"`, 'sh'];
}
