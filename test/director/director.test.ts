// The real Icinga Director restores the basket, and the real Icinga 2 takes what Director writes out of it. Director and
// its database live in a root of their own, which is made once, of Debian's packages.

import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { TOP } from '../e2e/support/plugin.ts';
import { scratch } from '../e2e/support/tree.ts';
import { complaintsOfIcinga } from '../live/support/icinga.ts';

const BASKET = join(TOP, 'nagios/icinga-director/conntrack.json');
const CACHE = join(TOP, '.cache');
const ROOT = join(CACHE, 'director.tar.zst');
const PARTS = 'icingaweb2-module-director,icingacli,mariadb-server,php-mysql';

beforeAll(() => {
  if (existsSync(ROOT)) return;
  mkdirSync(CACHE, { recursive: true });
  const only = ['--variant=apt', '--aptopt=APT::Install-Recommends "false"', `--include=${PARTS}`];
  const part = join(CACHE, 'part.director.tar.zst');
  execFileSync('mmdebstrap', [...only, 'bookworm', part], { stdio: 'pipe' });
  renameSync(part, ROOT);
});

test('the basket is restored, again too, and becomes what the Icinga 2 files are', () => {
  const root = scratch();
  execFileSync('tar', ['--zstd', '-xf', ROOT, '--numeric-owner', '-C', root]);
  copyFileSync(BASKET, join(root, 'basket.json'));
  copyFileSync(join(TOP, 'test/director/restore.sh'), join(root, 'restore.sh'));
  const said = execFileSync('chroot', [root, '/restore.sh'], { encoding: 'utf8' });
  expect(said.match(/Objects from Basket Snapshot have been restored/g)).toHaveLength(2);
  expect(said).toContain('command = [ PluginContribDir + "/check_conntrack" ]');
  expect(said).toContain('command = [ PluginContribDir + "/check_conntrack_host" ]');
  // Long lists have a line for each word.
  const flat = said.replace(/\s+/g, ' ');
  expect(flat).toContain('command = [ "/usr/bin/sudo", "-n", "/usr/lib/nagios/plugins/check_conntrack_host" ]');
  const { conntrack_critical } = JSON.parse(readFileSync(BASKET, 'utf8')).ServiceTemplate.conntrack.vars;
  const listed = conntrack_critical.map((word: string) => JSON.stringify(word)).join(', ');
  expect(flat).toContain(`vars.conntrack_critical = [ ${listed} ]`);
  expect(said).not.toContain('{{');

  const objects = said.split('\n').filter((line) => !/^(Objects from|\/\*\*)/.test(line));
  expect(complaintsOfIcinga(objects.join('\n'))).toBe('');
});
