// Every shipped file has the same recommended thresholds, to the letter: who changes one sees which others there are.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TOP } from './support/plugin.ts';

const PLUGIN = '/usr/lib/nagios/plugins/check_conntrack';
const NRPE = shipped('nagios/nrpe_check_conntrack.cfg');
const [RECOMMENDED = ''] = lines(NRPE, new RegExp(`^command\\[check_conntrack\\]=${PLUGIN} (.*)$`, 'gm'));

test('the commands of NRPE differ by sudo, by Node and by --netns all', () => {
  const forms = lines(NRPE, /^#?command\[check_conntrack\w*\]=(.*)$/gm);
  const [node, sudo, every] = ['/usr/local/bin/node ', '/usr/bin/sudo -n ', '--netns all '];
  expect(forms).toEqual([
    `${PLUGIN} ${RECOMMENDED}`,
    `${PLUGIN} ${every}${RECOMMENDED}`,
    `${sudo}${PLUGIN} ${RECOMMENDED}`,
    `${sudo}${PLUGIN} ${every}${RECOMMENDED}`,
    `${node}${PLUGIN} ${RECOMMENDED}`,
  ]);
});

test('the sudoers lines allow the sudo forms, argument by argument, and have no wildcard', () => {
  const allowed = lines(shipped('nagios/sudoers-check_conntrack'), /^nagios ALL=\(root\) NOPASSWD: (.*)$/gm);
  const used = lines(NRPE, /^#command\[check_conntrack\w*\]=\/usr\/bin\/sudo -n (.*)$/gm);
  expect(used).toHaveLength(2);
  for (const line of used)
    expect(line).toMatch(/^\/usr\/lib\/nagios\/plugins\/check_conntrack( (?!--root)[^*?[\]]+)+$/);
  expect(allowed.map((line) => line.replace(/\\([=:,\\])/g, '$1'))).toEqual(used);
});

test("Nagios, README and the manual's script have the same arguments", () => {
  const service = lines(shipped('nagios/check_conntrack.cfg'), /^\s+check_command\s+check_conntrack!(.*)$/gm);
  const readme = lines(shipped('README.md'), /^check_conntrack (-w .*--state-dir .*)$/gm);
  const script = lines(shipped('.dev/manual.md'), new RegExp(`^exec ${PLUGIN} (.*)$`, 'gm'));
  expect([service, readme, script]).toEqual([[RECOMMENDED], [RECOMMENDED], [RECOMMENDED]]);
});

test('the services of Icinga 2 and of Director have the same thresholds', () => {
  const vars = Array.from(
    shipped('nagios/icinga2-service-conntrack.conf').matchAll(/^ {2}vars\.(conntrack_\w+) = (.*)$/gm),
    ([, name = '', value = '']): readonly [string, unknown] => [name, JSON.parse(value)],
  );
  const wanted = {
    conntrack_warning: valuesOf('-w'),
    conntrack_critical: valuesOf('-c'),
    conntrack_state_dir: valuesOf('--state-dir')[0],
    conntrack_verbose: true,
  };
  expect(Object.fromEntries(vars)).toEqual(wanted);
  expect(basket().ServiceTemplate.conntrack.vars).toEqual(wanted);
});

test("Director's command is Icinga's, without functions, and has a field for each variable", () => {
  const { Command, Datafield } = basket();
  const { arguments: given, fields } = Command.conntrack;
  const icinga = shipped('nagios/icinga2-command-conntrack.conf');
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

/** What a flag is given in the recommended command, in order. */
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
