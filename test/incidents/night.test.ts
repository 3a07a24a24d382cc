// Bursts at night that are over before anybody logs in. Afterwards the incidents name the culprit, with the kernel's
// figures. A quiet night leaves nothing.

import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { command, RUN } from '../e2e/support/plugin.ts';
import { scratch } from '../e2e/support/tree.ts';
import { type Site, site } from '../live/daemon.ts';
import {
  inside,
  limitTo,
  processInside,
  sendDatagrams,
  toolCounter,
  trackingNamespace,
  withoutOthers,
} from '../live/namespace.ts';
import { liveSuite } from '../live/parts.ts';
import { askNrpe, CHECK_NRPE, NRPE, shippedHere, startNrpe, sudoForm } from '../live/support/nrpe-daemon.ts';
import { background, SENDER, stage, TARGET } from './stage.ts';
import { answerOf, EXECUTABLES, expectValid, STANDALONE } from './told.ts';

const PARTS = [
  STANDALONE,
  '/usr/sbin/conntrack',
  '/usr/sbin/nft',
  '/usr/sbin/ip',
  '/usr/bin/perl',
  '/usr/bin/python3',
  NRPE,
  CHECK_NRPE,
  '/usr/bin/sudo',
];
const SNIPPET = 'nrpe_check_conntrack.cfg';
const FLOOD = join(__dirname, 'flood.pl');
const [WINDOW, AFTER_WINDOW] = ['3', 3200];

interface Kept {
  readonly host: string;
  readonly table: { readonly name: string; readonly pid: number | null };
  readonly end: string | null;
  readonly ended: string | null;
  readonly seconds: number;
  readonly lost: Readonly<Record<string, number>>;
  readonly peak_entries: number;
  readonly peak_max: number;
  readonly main: { readonly kind: string; readonly name: string; readonly share_percent: number } | null;
  readonly first: KeptReport;
  readonly worst: KeptReport | null;
}

interface KeptReport {
  readonly missing: string | null;
  readonly after_loss: { readonly certainty: string; readonly seconds: number } | null;
  readonly report: { readonly command: string } | null;
}

/** Both executables, each with a state directory of its own. */
const watchers = () => EXECUTABLES.map((run) => ({ run, state: scratch() }));
type Watcher = ReturnType<typeof watchers>[number];

/** Runs what follows with the shipped lines as the only sudoers; the machine's own stay as they are. */
function withSudoers(here: Site): readonly string[] {
  const path = join(here.folder, 'sudoers');
  writeFileSync(path, shippedHere(here, 'sudoers-check_conntrack'), { mode: 0o440 });
  const mounts = `mount --bind ${path} /etc/sudoers && mount -t tmpfs none /etc/sudoers.d`;
  return ['unshare', '--mount', 'sh', '-c', `${mounts} && exec "$@"`, 'sh'];
}

/** The check that runs every minute of the night. */
async function check(some: readonly Watcher[], ...args: readonly string[]): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const { run, state } of some) {
    const options = ['--netns', 'all', '--state-dir', state, '--window', WINDOW, '--record', ...args];
    const { stdout, stderr } = await answerOf(withoutOthers(...run, ...options), 20_000);
    expect(stderr).toBe('');
    expect(stdout).not.toContain('no history');
    lines.push(stdout);
  }
  return lines;
}

function incidentsOf({ run, state }: Watcher, ...args: readonly string[]): readonly Kept[] {
  const [file = '', ...line] = [...run, 'incidents', ...args, '--state-dir', state, '--format', 'json'];
  const { stdout, status } = command(file, line);
  expect(status).toBe(0);
  const document = JSON.parse(stdout);
  expectValid(document);
  return document.incidents;
}

function textOf({ run, state }: Watcher, ...args: readonly string[]): string {
  const [file = '', ...line] = [...run, 'incidents', ...args, '--state-dir', state];
  return command(file, line).stdout;
}

function filesOf({ state }: Watcher): readonly string[] {
  const folder = join(state, '0/check_conntrack/incidents');
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

liveSuite('a night that is over', PARTS, () => {
  test.each([
    ['one source', SENDER, { kind: 'source', name: SENDER }],
    ['forged sources', 'any', { kind: 'destination', name: `udp 9 of ${TARGET}` }],
  ])('a burst of %s: who it was, and the losses of the kernel', async (_, sources, main) => {
    const scene = await stage();
    const { namespace, pid } = scene;
    limitTo(2000);
    const all = watchers();
    await check(all);
    const before = toolCounter(namespace, 'drop');
    const flood = await background(scene.sender, 'perl', FLOOD, 'udp', sources, TARGET, '9', '3000');
    await pause(3000);
    flood.kill('SIGKILL');
    await pause(500);
    const lost = toolCounter(namespace, 'drop') - before;
    expect(lost).toBeGreaterThan(1000);
    await check(all);
    inside(namespace, 'conntrack', '-F');
    await pause(AFTER_WINDOW);
    await check(all);

    for (const one of all) {
      const [incident, ...others] = incidentsOf(one, '1');
      expect(others).toEqual([]);
      expect(incident).toMatchObject({
        table: { name: expect.stringContaining(`pid ${pid}, netns ${namespace}`), pid },
        ended: 'clean',
        lost: { table_full: lost, clash: 0, long_chain: 0, table_full_or_clash: 0 },
        peak_max: 2000,
        main,
        first: { missing: null, report: { command: 'report' } },
        worst: null,
      });
      expect(incident?.peak_entries).toBeGreaterThan(1500);
      expect(incident?.seconds).toBeGreaterThan(3);
      expect(incident?.first.after_loss?.seconds).toBeLessThan(15);
      expect(textOf(one)).toContain(main.name);
      expect(textOf(one, '1').replace(/\s+/g, ' ')).toMatch(/ after the last loss: CONNTRACK \w+ - /);
      expect(filesOf(one).map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600, 0o600]);
    }
  });

  test('NAT without a free port: the clashes of the kernel', async () => {
    const namespace = trackingNamespace();
    inside(
      namespace,
      'nft',
      'table ip nat { chain post { type nat hook postrouting priority 100; udp dport 9 snat to 127.0.0.1:1000-1009; }; }',
    );
    const all = watchers();
    await check(all);
    const script =
      'import socket\nfor p in range(200):\n s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n s.bind(("127.0.0.2",20000+p))\n try: s.sendto(b"x",("127.0.0.1",9))\n except OSError: pass';
    inside(namespace, 'python3', '-c', script);
    await check(all);
    for (const one of all) {
      expect(incidentsOf(one)).toMatchObject([
        {
          lost: { clash: toolCounter(namespace, 'insert_failed'), table_full: 0 },
          end: null,
          main: { kind: 'nat', name: 'udp 9 of 127.0.0.1', nat: { address: '127.0.0.1', source: '127.0.0.2' } },
        },
      ]);
    }
    expect(toolCounter(namespace, 'insert_failed')).toBe(190);
  });

  test('ten namespaces at once: ten incidents, each with its own losses, within the time of one check', async () => {
    limitTo(50);
    const names = Array.from({ length: 10 }, () => trackingNamespace());
    for (const name of names) await processInside(name);
    const all = watchers();
    await check(all);
    for (const name of names) sendDatagrams(name, 80);
    const lines = await check(all, '--timeout', '9');
    for (const line of lines) expect(line).toMatch(/^CONNTRACK CRITICAL - namespace of sleep /);
    const truth = names.map((name) => toolCounter(name, 'drop')).sort((a, b) => a - b);
    for (const one of all) {
      const incidents = incidentsOf(one).filter(({ table }) =>
        names.some((name) => table.name.includes(`netns ${name}`)),
      );
      expect(incidents).toHaveLength(names.length);
      expect(incidents.map(({ lost }) => lost['table_full'] ?? 0).sort((a, b) => a - b)).toEqual(truth);
      // A busy machine may have no time for every report.
      expect(incidents.filter(({ first }) => first.missing === null).length).toBeGreaterThan(0);
    }
  });

  test('a slow leak that ends by itself: its peak, and nothing lost', async () => {
    const namespace = trackingNamespace();
    limitTo(1000);
    const all = watchers();
    for (const step of [0, 1, 2, 3]) {
      sendDatagrams(namespace, 240, 10_000 + 240 * step);
      await check(all);
    }
    inside(namespace, 'conntrack', '-F');
    await check(all);
    for (const one of all) {
      const [incident] = incidentsOf(one);
      expect(incident).toMatchObject({ ended: 'clean', peak_entries: 960, peak_max: 1000 });
      expect(incident?.lost).toMatchObject({ table_full: 0, clash: 0 });
    }
  });

  test('through NRPE as its user: what sudo adds is named, and with sudo it is there', async () => {
    const scene = await stage();
    const { namespace, pid } = scene;
    limitTo(2000);
    const plain = site();
    const sudo = site();
    const asked = [
      await startNrpe(plain, { snippet: shippedHere(plain, SNIPPET), by: withoutOthers() }),
      await startNrpe(sudo, {
        snippet: sudoForm(sudo, 'check_conntrack_netns'),
        by: [...withoutOthers(), ...withSudoers(sudo)],
      }),
    ];
    const ask = () => asked.map((port) => askNrpe(port, 'check_conntrack_netns').stdout);
    ask();
    const before = toolCounter(namespace, 'drop');
    const flood = await background(scene.sender, 'perl', FLOOD, 'udp', SENDER, TARGET, '9', '3000');
    await pause(3000);
    flood.kill('SIGKILL');
    await pause(500);
    const lost = toolCounter(namespace, 'drop') - before;
    const label = `CONNTRACK CRITICAL - namespace of sleep (pid ${pid}, netns ${namespace})`;
    for (const line of ask()) expect(line).toContain(` ${lost} packets dropped in the last `);
    expect(ask()[1]).toContain(label);

    const [byNagios = [], byRoot = []] = [plain, sudo].map(({ state }) => incidentsOf({ run: RUN, state }, '1'));
    const figures = {
      lost: { table_full: lost },
      table: { pid },
      first: { missing: null, report: { command: 'report' } },
    };
    expect(byNagios).toMatchObject([{ ...figures, main: null }]);
    expect(byRoot).toMatchObject([{ ...figures, main: { kind: 'source', name: SENDER } }]);
    const text = textOf({ run: RUN, state: plain.state }, '1').replace(/\s+/g, ' ');
    expect(text).toContain(' sudo would add: what fills the table, ');
  });

  test('a quiet night leaves nothing', async () => {
    trackingNamespace();
    const all = watchers();
    for (let run = 0; run < 3; run++) await check(all);
    for (const one of all) {
      expect(filesOf(one)).toEqual([]);
      expect(textOf(one)).toBe(`CONNTRACK OK - no incident on record in ${one.state}\n`);
    }
  });
});
