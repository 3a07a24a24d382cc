// The basket for Icinga Director: the contents of the Icinga 2 files, in its format. Director has no functions, so
// conntrack_verbose has only one level there.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { top } from './top.mjs';

const DATA_TYPES = 'Icinga\\Module\\Director\\DataType\\DataType';

export function directorBasket({ FLAGS }) {
  const flags = FLAGS.filter(({ of, long }) => of.includes('check') && !['version', 'help'].includes(long));
  const basket = {
    Datafield: Object.fromEntries(flags.map((flag, index) => [index + 1, datafield(flag, index + 1)])),
    Command: { conntrack: command(flags), ...hostCommands(flags) },
    ServiceTemplate: { conntrack: serviceTemplate() },
  };
  return `${JSON.stringify(basket, null, 2)}\n`;
}

function command(flags) {
  return {
    arguments: Object.fromEntries(flags.map((flag) => [`--${flag.long}`, argument(flag)])),
    command: 'PluginContribDir + /check_conntrack',
    fields: flags.map((_, index) => ({ datafield_id: index + 1, is_required: 'n', var_filter: null })),
    methods_execute: 'PluginCheck',
    object_name: 'conntrack',
    object_type: 'object',
    timeout: '10',
  };
}

/** The thresholds are those of the host that runs the commands; Director's own commands are absolute paths. */
function hostCommands(flags) {
  const at = flags.findIndex(({ long }) => long === 'netns');
  const { object_type, methods_execute, timeout } = command(flags);
  const host = (object_name, line) => ({
    arguments: { '--netns': argument(flags[at]) },
    command: line,
    fields: [{ datafield_id: at + 1, is_required: 'n', var_filter: null }],
    methods_execute,
    object_name,
    object_type,
    timeout,
  });
  return {
    conntrack_host: host('conntrack_host', 'PluginContribDir + /check_conntrack_host'),
    conntrack_host_sudo: host('conntrack_host_sudo', '/usr/bin/sudo -n /usr/lib/nagios/plugins/check_conntrack_host'),
  };
}

function argument(flag) {
  const name = `$${variable(flag)}$`;
  const given = flag.takes === undefined ? { set_if: name, set_if_format: 'string' } : { value: name };
  const repeated = flag.takes !== undefined && flag.repeat ? { repeat_key: true } : {};
  return { ...given, ...repeated, description: description(flag) };
}

function datafield(flag, id) {
  return {
    varname: variable(flag),
    caption: `conntrack: --${flag.long}`,
    description: description(flag),
    datatype: `${DATA_TYPES}${dataType(flag)}`,
    format: null,
    originalId: String(id),
    settings: {},
  };
}

function dataType({ takes, repeat }) {
  if (takes === undefined) return 'Boolean';
  return repeat ? 'Array' : 'String';
}

function variable({ long }) {
  return `conntrack_${long.replaceAll('-', '_')}`;
}

/** Every flag has a description in the CheckCommand. */
function description({ long, takes }) {
  const file = read('icinga2-command-conntrack.conf');
  const [, text] = new RegExp(`^ {4}"--${long}" = \\{\\n[^}]*description = "(.*)"`, 'm').exec(file) ?? [];
  if (text === undefined) throw new Error(`icinga2-command-conntrack.conf says nothing of --${long}`);
  return takes === undefined ? text.replace(/; 2 .*/, '') : text;
}

/** The recommended service, with its thresholds. */
function serviceTemplate() {
  const file = read('icinga2-service-conntrack.conf');
  const assignments = file.matchAll(/^ {2}vars\.(\w+) = (.*)$/gm);
  const setting = (name) => new RegExp(`^ {2}${name} = (\\S+)$`, 'm').exec(file)[1];
  return {
    check_command: 'conntrack',
    check_interval: setting('check_interval'),
    fields: [],
    max_check_attempts: setting('max_check_attempts'),
    object_name: 'conntrack',
    object_type: 'template',
    retry_interval: setting('retry_interval'),
    vars: Object.fromEntries(Array.from(assignments, ([, name, value]) => [name, JSON.parse(value)])),
  };
}

function read(name) {
  return readFileSync(join(top, 'nagios', name), 'utf8');
}
