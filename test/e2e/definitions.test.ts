// The recommended thresholds are in one file, which the other definitions run; README, the manual and Icinga's service
// show the same ones.

import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Answer, shell, TOP } from './support/plugin.ts';
import { scratch } from './support/tree.ts';

const HOST = '/usr/lib/nagios/plugins/check_conntrack_host';
const WRAPPER = shipped('nagios/check_conntrack_host');
const NRPE = shipped('nagios/nrpe_check_conntrack.cfg');
const [RECOMMENDED = ''] = lines(WRAPPER, /^options='(.*)'$/gm);

test("NRPE's commands differ by sudo and by --netns all", () => {
  const forms = lines(NRPE, /^#?command\[check_conntrack\w*\]=(.*)$/gm);
  const both = [HOST, `${HOST} --netns all`];
  expect(forms).toEqual([...both, ...both.map((form) => `/usr/bin/sudo -n ${form}`)]);
});

test('the sudoers lines allow the sudo forms, argument by argument, without a wildcard', () => {
  const allowed = lines(shipped('nagios/sudoers-check_conntrack'), /^nagios ALL=\(root\) NOPASSWD: (.*)$/gm);
  const used = lines(NRPE, /^#command\[check_conntrack\w*\]=\/usr\/bin\/sudo -n (.*)$/gm);
  expect(used).toHaveLength(2);
  expect(allowed.map((line) => line.replace(/ ""$/, ''))).toEqual(used);
  expect(allowed[0]).toBe(`${HOST} ""`);
});

test('Nagios, Icinga 2 and Director have one command that runs the file with the thresholds, and one through sudo', () => {
  const nagios = lines(shipped('nagios/check_conntrack.cfg'), /^\s+command_line\s+(.*_host)$/gm);
  expect(nagios).toEqual(['$USER1$/check_conntrack_host', '/usr/bin/sudo -n $USER1$/check_conntrack_host']);
  const icinga = shipped('nagios/icinga2-command-conntrack.conf');
  expect(lines(icinga, /^ {2}command = \[ (.*_host") \]$/gm)).toEqual([
    'PluginContribDir + "/check_conntrack_host"',
    '"/usr/bin/sudo", "-n", PluginContribDir + "/check_conntrack_host"',
  ]);
  const { conntrack_host, conntrack_host_sudo } = basket().Command;
  expect(conntrack_host.command).toBe('PluginContribDir + /check_conntrack_host');
  expect(conntrack_host_sudo.command).toBe(`/usr/bin/sudo -n ${HOST}`);
});

test('README has the same arguments', () => {
  expect(lines(shipped('README.md'), /^check_conntrack (-w .*--state-dir .*)$/gm)).toEqual([RECOMMENDED]);
});

test('the file with the thresholds passes the recommended ones, then its own arguments', () => {
  expect(host([], undefined).stdout).toBe(`${RECOMMENDED.split(' ').join('\n')}\n`);
  expect(host(['--netns', 'all'], undefined).stdout).toBe(`${RECOMMENDED.split(' ').join('\n')}\n--netns\nall\n`);
});

test('/etc/check_conntrack.conf replaces them; it is neither run nor expanded, and may lack its last line end', () => {
  const text = '# first week\n-w 70 -c ~:85   # percent\n\n--state-dir /x/* $(id) `id`;';
  expect(host(['-v'], text).stdout).toBe('-w\n70\n-c\n~:85\n--state-dir\n/x/*\n$(id)\n`id`;\n-v\n');
  expect(host([], '').stdout).toBe('\n');
});

test("the caller's PATH brings in no program", () => {
  const folder = scratch();
  const conf = join(folder, 'conf');
  writeFileSync(join(folder, 'sed'), '#!/bin/sh\necho --mine\n', { mode: 0o755 });
  writeFileSync(conf, '-w 70\n');
  const script = join(folder, 'check_conntrack_host');
  writeFileSync(script, hostScript(conf), { mode: 0o755 });
  expect(shell(`PATH=${folder}:$PATH ${script}`).stdout).toBe('-w\n70\n');
});

test('if it cannot be read the state is UNKNOWN', () => {
  const folder = scratch();
  expect(host([], undefined, folder)).toEqual({
    status: 3,
    stdout: `CONNTRACK UNKNOWN - cannot read ${folder}\n`,
    stderr: '',
  });
});

test('if it is a link to a missing file the state is UNKNOWN, and no default replaces its options', () => {
  const file = join(scratch(), 'conf');
  symlinkSync('missing', file);
  expect(host([], undefined, file)).toMatchObject({ status: 3, stdout: `CONNTRACK UNKNOWN - cannot read ${file}\n` });
});

describe('the word sudo in /etc/check_conntrack.conf', () => {
  test('is no option, and alone keeps the default options', () => {
    expect(throughSudo('sudo\n', 'exec "$@"')).toEqual(host([], undefined));
    expect(throughSudo('sudo -w 70 # percent\n', 'exec "$@"')).toMatchObject({ status: 0, stdout: '-w\n70\n' });
  });

  test.each([
    ['CONNTRACK WARNING - 85 of 100 entries (85.0%)', 1],
    ['{"state":"critical"}', 2],
    ['# HELP conntrack_entries', 0],
  ])('passes on %s', (line, status) => {
    const sudo = `echo 'sudo: unable to resolve host fw1' >&2; echo '${line}'; exit ${status}`;
    expect(throughSudo('sudo', sudo)).toEqual({ status, stdout: `${line}\n`, stderr: '' });
  });

  test('makes a refusal UNKNOWN, with its reason', () => {
    const refused = throughSudo('sudo', 'echo "sudo: a password is required" >&2; exit 1');
    expect(refused).toMatchObject({ status: 3, stderr: '' });
    expect(refused.stdout).toMatch(/^CONNTRACK UNKNOWN - sudo did not run \S+: sudo: a password is required\n$/);
  });

  // The caller is not root at first, then root.
  function throughSudo(text: string, sudo: string): Answer {
    const folder = scratch();
    writeFileSync(join(folder, 'conf'), text);
    writeFileSync(join(folder, 'id'), '#!/bin/sh\necho $AS\n', { mode: 0o755 });
    writeFileSync(join(folder, 'sudo'), `#!/bin/sh\nshift\nexport AS=0\n${sudo}\n`, { mode: 0o755 });
    const script = hostScript(join(folder, 'conf')).replace('PATH=', `PATH=${folder}:`);
    writeFileSync(join(folder, 'check_conntrack_host'), script, { mode: 0o755 });
    return shell(`AS=1000 ${join(folder, 'check_conntrack_host')}`);
  }
});

test.each([
  ['CONNTRACK OK - 1 of 100 entries (1.0%) | usage=1%', 0, 'OK - 1 of 100 entries (1.0%)\n', 0],
  ['CONNTRACK WARNING - 85 of 100 entries (85.0%) | usage=85%', 1, 'WARNING - 85 of 100 entries (85.0%)\n', 0],
  [`CONNTRACK CRITICAL - ${'x'.repeat(200)} | usage=99%`, 2, `CRITICAL - ${'x'.repeat(69)}\n`, 1],
  ['CONNTRACK UNKNOWN - cannot read it', 3, 'UNKNOWN - cannot read it\n', 2],
])('node-problem-detector gets %s with its own exit codes', (line, state, stdout, status) => {
  const folder = scratch();
  writeFileSync(join(folder, 'host'), `#!/bin/sh\necho '${line}'\nexit ${state}\n`, { mode: 0o755 });
  const script = shipped('nagios/kubernetes/node-problem-detector-conntrack').replace(HOST, join(folder, 'host'));
  writeFileSync(join(folder, 'script'), script, { mode: 0o755 });
  expect(shell(join(folder, 'script'))).toEqual({ status, stdout, stderr: '' });
  const { pluginConfig, rules } = JSON.parse(shipped('nagios/kubernetes/node-problem-detector.json'));
  expect(pluginConfig.max_output_length).toBe(80);
  expect(rules[0].path).toBe('/usr/lib/nagios/plugins/node-problem-detector-conntrack');
});

/** The words that the plugin is given, one a line. */
function host(args: readonly string[], text: string | undefined, file = join(scratch(), 'conf')): Answer {
  if (text !== undefined) writeFileSync(file, text);
  const path = join(scratch(), 'check_conntrack_host');
  writeFileSync(path, hostScript(file), { mode: 0o755 });
  return shell([path, ...args].join(' '));
}

/** It with another configuration, and words printed instead of a plugin run. */
function hostScript(file: string): string {
  return WRAPPER.replace('/etc/check_conntrack.conf\n', `${file}\n`).replace(
    'exec /usr/lib/nagios/plugins/check_conntrack ',
    "exec printf '%s\\n' ",
  );
}

test('the services of Icinga 2 and of Director have the same thresholds', () => {
  const vars = Array.from(
    shipped('nagios/icinga2-service-conntrack.conf').matchAll(/^ {2}vars\.(conntrack_\w+) = (.*)$/gm),
    ([, name = '', value = '']): readonly [string, unknown] => [name, JSON.parse(value)],
  );
  const wanted = {
    conntrack_warning: valuesOf('-w'),
    conntrack_critical: valuesOf('-c'),
    conntrack_state_dir: valuesOf('--state-dir')[0],
    conntrack_record: true,
    conntrack_verbose: true,
  };
  expect(Object.fromEntries(vars)).toEqual(wanted);
  expect(basket().ServiceTemplate.conntrack.vars).toEqual(wanted);
});

test("Director's command is Icinga's, without functions, with a field for each variable", () => {
  const { Command, Datafield } = basket();
  const { arguments: given, fields } = Command.conntrack;
  const [, icinga = ''] = shipped('nagios/icinga2-command-conntrack.conf').split('object CheckCommand ');
  const written = Array.from(icinga.matchAll(/^ {4}"(--[a-z-]+)" = \{\n([^}]*)\}/gm));
  expect(Object.keys(given)).toEqual(written.map(([, flag]) => flag));
  for (const [, flag = '', block = ''] of written) {
    const { description, repeat_key, set_if, value } = given[flag] ?? {};
    const [, name] = /(?:value|set_if) = "(\$\w+\$)"/.exec(block) ?? [];
    expect([value ?? set_if, repeat_key ?? false]).toEqual([name, block.includes('repeat_key = true')]);
    expect(block).toContain(description);
  }
  const variables = Object.values(given).map(({ value = '', set_if = '' }) => `${value}${set_if}`);
  expect(Object.values(Datafield).map(({ varname }) => `$${varname}$`)).toEqual(variables);
  expect(fields.map(({ datafield_id }) => String(datafield_id))).toEqual(Object.keys(Datafield));
});

interface Basket {
  readonly Datafield: Readonly<Record<string, { readonly varname: string }>>;
  readonly Command: {
    readonly conntrack_host: { readonly command: string };
    readonly conntrack_host_sudo: { readonly command: string };
    readonly conntrack: {
      readonly arguments: Readonly<
        Record<
          string,
          {
            readonly value?: string;
            readonly set_if?: string;
            readonly repeat_key?: boolean;
            readonly description: string;
          }
        >
      >;
      readonly fields: readonly { readonly datafield_id: number }[];
    };
  };
  readonly ServiceTemplate: { readonly conntrack: { readonly vars: Readonly<Record<string, unknown>> } };
}

function basket(): Basket {
  return JSON.parse(shipped('nagios/icinga-director/conntrack.json'));
}

/** Returns the values of a flag in the recommended command, in order. */
function valuesOf(flag: string): readonly string[] {
  const words = RECOMMENDED.split(' ');
  return words.filter((_, at) => words[at - 1] === flag);
}

function shipped(name: string): string {
  return readFileSync(join(TOP, name), 'utf8');
}

function lines(text: string, form: RegExp): readonly string[] {
  return Array.from(text.matchAll(form), ([, line = '']) => line);
}
