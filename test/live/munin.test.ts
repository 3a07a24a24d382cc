// munin-node runs the shipped wrapper as its unprivileged user, munin-update queries it, and munin's own grapher draws
// the result.

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Answer, BEFORE, command } from '../e2e/support/plugin.ts';
import { eventually, readIfThere, type Site, shipped, site } from './daemon.ts';
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
import { startContained } from './support/contained.ts';
import { freePort } from './support/nrpe-daemon.ts';

const MUNIN_NODE = '/usr/sbin/munin-node';
const DEFAULTS = '/usr/share/perl5/Munin/Common/Defaults.pm';
const MASTER = '/usr/share/munin/munin-graph';
const FAKETIME = '/usr/bin/faketime';
const PARTS = [MUNIN_NODE, '/usr/sbin/munin-run', DEFAULTS, MASTER, FAKETIME, '/usr/sbin/nft', '/usr/sbin/ip'];
const GRAPHS = ['conntrack', 'conntrack_losses', 'conntrack_memory', 'conntrack_netns', 'conntrack_netns_count'];

liveSuite('Munin', PARTS, () => {
  test('munin-run: autoconf, config and values, as the unprivileged user', () => {
    const here = installed();
    expect(muninRun(here, 'autoconf')).toMatchObject({ status: 0, stdout: 'yes\n' });
    expect(muninRun(here, 'config').stdout).toContain('graph_category network\n');
    expect(muninRun(here).stdout).toMatch(/entries\.value \d+\n/);
  });

  test('munin-node: list, config and fetch, with a full table', async () => {
    const here = installed();
    const port = await startNode(here);
    const full = trackingNamespace();
    await processInside(full);
    limitTo(100);
    await holdConnections(full, 100);
    sendDatagrams(full, 20);
    expect(toolCounter(full, 'drop')).toBeGreaterThanOrEqual(20);

    const reply = await ask(port, 'cap multigraph dirtyconfig', 'list', 'config conntrack', 'fetch conntrack');
    expect(reply).toContain('\nconntrack\n');
    for (const graph of GRAPHS) expect(reply).toContain(`multigraph ${graph}\n`);
    expect(reply.match(/^fullest\.value 100$/gm)).toHaveLength(2);
    expect(reply).toContain('fullest.critical :90\n');
    const plain = await ask(port, 'cap multigraph', 'config conntrack');
    expect(plain).not.toContain('.value ');
  });

  test("munin-update stores it, and munin's own grapher draws it", async () => {
    const here = installed();
    const port = await startNode(here);
    const filling = trackingNamespace();
    await processInside(filling);
    const master = installMaster(here, port);
    // A value counts once its five minutes are over.
    for (const minute of [0, 5, 10, 15]) {
      sendDatagrams(filling, 300, 10_000 + 1000 * minute);
      expect(asMunin(minute, '/usr/share/munin/munin-update', '--config', master, '--nofork')).toMatchObject({
        status: 0,
      });
    }
    writeFileSync(join(here.folder, 'db/graphs'), GRAPHS.map((graph) => `/here/here/${graph}-day.png\n`).join(''));
    expect(asMunin(16, MASTER, '--config', master, '--cron')).toMatchObject({ status: 0 });
    for (const graph of GRAPHS) {
      const png = readFileSync(join(here.folder, `www/here/here/${graph}-day.png`));
      expect(png.subarray(1, 4).toString('latin1')).toBe('PNG');
      expect(png.length).toBeGreaterThan(3000);
    }
    const stored = command('rrdtool', ['lastupdate', join(here.folder, 'db/here/here-conntrack_netns-fullest-g.rrd')]);
    expect(stored.stdout).toMatch(/: 1200\n$/);
  });
});

/** munin-node in a directory of its own, with the documented path in the wrapper replaced. */
function installed(): Site {
  const here = site();
  for (const name of ['perl/Munin/Common', 'etc/plugins', 'etc/plugin-conf.d', 'plugin-state', 'log', 'run'])
    mkdirSync(join(here.folder, name), { recursive: true });
  const moved: readonly (readonly [string, string])[] = [
    ['/etc/munin', 'etc'],
    ['/var/lib/munin-node/plugin-state', 'plugin-state'],
    ['/var/log/munin', 'log'],
    ['/var/run/munin', 'run'],
  ];
  const defaults = moved.reduce(
    (text, [from, to]) => text.split(from).join(join(here.folder, to)),
    readFileSync(DEFAULTS, 'utf8'),
  );
  writeFileSync(join(here.folder, 'perl/Munin/Common/Defaults.pm'), defaults);
  const path = {
    '/usr/lib/nagios/plugins/check_conntrack': [...BEFORE, join(here.plugins, 'check_conntrack')].join(' '),
  };
  writeFileSync(join(here.folder, 'etc/plugins/conntrack'), shipped('munin/conntrack', path), { mode: 0o755 });
  writeFileSync(join(here.folder, 'etc/plugin-conf.d/conntrack'), '[conntrack]\nenv.netns all\n');
  chmodSync(join(here.folder, 'plugin-state'), 0o777);
  return here;
}

function nodeConfiguration({ folder }: Site, port: string): string {
  const file = join(folder, 'munin-node.conf');
  const settings = [
    `log_file ${join(folder, 'log/node.log')}`,
    `pid_file ${join(folder, 'run/node.pid')}`,
    ...['background 0', 'setsid 0', 'user root', 'group root', 'host 127.0.0.1', `port ${port}`, 'host_name here'],
    'allow ^127\\.0\\.0\\.1$',
  ];
  writeFileSync(file, `${settings.join('\n')}\n`);
  return file;
}

function muninRun(here: Site, ...mode: readonly string[]): Answer {
  const { folder } = here;
  const places = ['--servicedir', join(folder, 'etc/plugins'), '--sconfdir', join(folder, 'etc/plugin-conf.d')];
  const line = ['munin-run', '--config', nodeConfiguration(here, '4949'), ...places, 'conntrack', ...mode];
  return command('env', [`PERL5LIB=${join(folder, 'perl')}`, ...line]);
}

async function startNode(here: Site): Promise<number> {
  const { folder } = here;
  const port = await freePort();
  const line = [MUNIN_NODE, '--config', nodeConfiguration(here, port), '--foreground'];
  startContained(...withoutOthers('env', `PERL5LIB=${join(folder, 'perl')}`, ...line));
  await eventually(() =>
    readIfThere(join(folder, 'log/node.log')).includes('Binding to TCP port') ? true : undefined,
  );
  return Number(port);
}

function ask(port: number, ...commands: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let reply = '';
    const socket = connect(port, '127.0.0.1');
    socket.on('data', (data) => {
      reply += data.toString('latin1');
    });
    socket.on('end', () => resolve(reply)).on('error', reject);
    socket.write(`${[...commands, 'quit'].join('\n')}\n`);
  });
}

/** A master with only this node; its tools refuse to run as root. */
function installMaster({ folder }: Site, port: number): string {
  const places = ['db', 'www', 'mlog', 'mrun'].map((name) => join(folder, name));
  for (const place of places) mkdirSync(place);
  execFileSync('chown', ['munin', ...places]);
  const [db, www, log, run] = places;
  const file = join(folder, 'munin.conf');
  const settings = [`dbdir ${db}`, `htmldir ${www}`, `logdir ${log}`, `rundir ${run}`, 'graph_strategy cron'];
  writeFileSync(file, `${[...settings, '[here]', '  address 127.0.0.1', `  port ${port}`].join('\n')}\n`);
  return file;
}

function asMunin(minute: number, ...line: readonly string[]): Answer {
  const at = `2026-01-01 12:${String(minute).padStart(2, '0')}:30`;
  return command('setpriv', ['--reuid=munin', '--regid=munin', '--clear-groups', FAKETIME, at, ...line]);
}
