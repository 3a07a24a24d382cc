// The Zabbix agent runs the manual's line, and its item has every value that the manual names, in each state.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command, TOP } from '../e2e/support/plugin.ts';
import { RUNS, type Site, site } from './daemon.ts';
import { liveSuite } from './parts.ts';
import { runsPlugin } from './support/nrpe-daemon.ts';

const AGENT = '/usr/sbin/zabbix_agentd';
const MANUAL = readFileSync(join(TOP, '.dev/manual.md'), 'utf8');
const [LINE = '', KEY = ''] = /^UserParameter=([\w.]+),.*$/m.exec(MANUAL) ?? [];

liveSuite('Zabbix', [AGENT], () => {
  test.each(RUNS)('%s', (state, exit, tree) => {
    const here = site();
    const item = JSON.parse(itemValue(here, `--root ${here.tree(tree)}`));
    expect(item).toMatchObject({ state: state.toLowerCase(), exit_code: exit });
    if (state !== 'UNKNOWN') expect(item).toMatchObject({ table: { max: expect.any(Number) } });
  });
});

/** Returns the item's value in the form that the agent prints: `key   [t|value]`. */
function itemValue(here: Site, options: string): string {
  const file = join(here.folder, 'zabbix_agentd.conf');
  const line = `${LINE.replace('/usr/lib/nagios/plugins/check_conntrack', runsPlugin(here).join(' '))} ${options}`;
  writeFileSync(file, `Server=127.0.0.1\nLogType=console\nTimeout=30\n${line}\n`);
  const { stdout, stderr, status } = command(AGENT, ['-c', file, '-t', KEY]);
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return /\[t\|([\s\S]*)\]\n$/.exec(stdout)?.[1] ?? '';
}
