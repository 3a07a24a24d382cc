// Icinga 2 reads a CheckCommand and a service template of Director's, both named conntrack.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../../e2e/support/plugin.ts';
import { scratch } from '../../e2e/support/tree.ts';

export const ICINGA = '/usr/sbin/icinga2';
const FOLDERS = ['DataDir', 'LogDir', 'CacheDir', 'SpoolDir', 'InitRunDir'];
const SITE = `
include <itl>
const PluginContribDir = "/usr/lib/nagios/plugins"
const NodeName = "localhost"
const ZoneName = "localhost"
object Endpoint NodeName { }
object Zone ZoneName { endpoints = [ NodeName ] }
object CheckerComponent "checker" { }
object Host "localhost" { check_command = "conntrack" }
`;
const SERVICE = 'object Service "conntrack" { import "conntrack"; host_name = "localhost" }';

/** Returns Icinga's complaints; empty if it accepts them. */
export function complaintsOfIcinga(objects: string): string {
  const folder = scratch();
  const defines = FOLDERS.map((name) => {
    mkdirSync(join(folder, name));
    return `${name}=${join(folder, name)}`;
  });
  const file = join(folder, 'icinga2.conf');
  writeFileSync(file, [SITE, objects, SERVICE].join('\n'));
  const all = [...defines, 'RunAsUser=root', 'RunAsGroup=root'].flatMap((define) => ['-D', define]);
  const { stdout, status } = command(ICINGA, ['daemon', '-C', '-c', file, ...all]);
  const fine = status === 0 && stdout.includes('Instantiated 1 Service.') && !/ (warning|critical)\//.test(stdout);
  return fine ? '' : stdout;
}
