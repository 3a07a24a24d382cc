// promtool and node_exporter read the plugin's output, while a table fills.

import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command, ENV, RUN } from '../e2e/support/plugin.ts';
import { scratch } from '../e2e/support/tree.ts';
import { start } from './daemon.ts';
import {
  holdConnections,
  limitTo,
  pluginInside,
  processInside,
  sendDatagrams,
  trackingNamespace,
} from './namespace.ts';
import { liveSuite } from './parts.ts';
import { freePort } from './support/nrpe-daemon.ts';

const PROMTOOL = '/usr/bin/promtool';
const EXPORTER = '/usr/bin/prometheus-node-exporter';
const PARTS = [PROMTOOL, EXPORTER, '/usr/sbin/nft', '/usr/sbin/ip', '/usr/sbin/conntrack'];

liveSuite('Prometheus', PARTS, () => {
  test('promtool reports nothing, with namespaces and with failures', async () => {
    const namespace = trackingNamespace();
    await processInside(namespace);
    sendDatagrams(namespace, 30);
    for (const args of [
      ['--netns', 'all'],
      ['--netns', 'all', '--state-dir', scratch()],
      ['--bogus'],
      ['--root', '/nowhere'],
    ]) {
      const text = command(ENV, [...RUN, '--format', 'prometheus', ...args]).stdout;
      const path = join(scratch(), 'text');
      writeFileSync(path, text);
      expect(command('/bin/sh', ['-c', `exec ${PROMTOOL} check metrics <"$0"`, path])).toEqual({
        status: 0,
        stdout: '',
        stderr: '',
      });
    }
  });

  test('node_exporter exports our series, and they change', async () => {
    const namespace = trackingNamespace();
    const folder = scratch();
    const collect = () => {
      const { stdout } = pluginInside(namespace, '--format', 'prometheus');
      writeFileSync(join(folder, 'conntrack.tmp'), stdout);
      renameSync(join(folder, 'conntrack.tmp'), join(folder, 'conntrack.prom'));
    };
    const address = `127.0.0.1:${await freePort()}`;
    const flags = [`--web.listen-address=${address}`, '--collector.disable-defaults', '--collector.textfile'];
    start(EXPORTER, [...flags, `--collector.textfile.directory=${folder}`]);
    collect();
    expect(await scraped(address, 'conntrack_entries')).toBe(0);
    limitTo(100);
    await holdConnections(namespace, 100);
    sendDatagrams(namespace, 20);
    collect();
    expect(await scraped(address, 'conntrack_entries')).toBe(100);
    expect(await scraped(address, 'conntrack_entries_limit')).toBe(100);
    expect(await scraped(address, 'conntrack_drop_total')).toBeGreaterThanOrEqual(20);
    expect(await scraped(address, 'conntrack_check_state')).toBe(2);
    expect(await scraped(address, 'node_textfile_scrape_error')).toBe(0);
  });
});

/** Returns one series of the exporter, which takes a moment to listen. */
async function scraped(address: string, name: string): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const text = await fetch(`http://${address}/metrics`).then(
      (answer) => answer.text(),
      () => undefined,
    );
    const [, value] = new RegExp(`^${name} (\\S+)$`, 'm').exec(text ?? '') ?? [];
    if (value !== undefined) return Number(value);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no ${name}`);
}
