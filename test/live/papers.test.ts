// Other programs accept their files: mandoc and groff the manual, promtool the rules and the dashboard, Icinga 2 the
// rendered command of Director.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command, ENV, fixture, NODE, RUN, TOP } from '../e2e/support/plugin.ts';
import { scratch } from '../e2e/support/tree.ts';
import { processInside, sendDatagrams, trackingNamespace } from './namespace.ts';
import { liveSuite } from './parts.ts';
import { complaintsOfIcinga, ICINGA } from './support/icinga.ts';

const [MANDOC, GROFF, PROMTOOL] = ['/usr/bin/mandoc', '/usr/bin/groff', '/usr/bin/promtool'];
const PAGE = 'nagios/check_conntrack.8';
const RULES = 'nagios/prometheus/check_conntrack.rules.yml';
/** Series of node_exporter or Prometheus itself. */
const OTHERS = /^(ALERTS|node_textfile_\w+|up)$/;
const QUIET = { status: 0, stdout: '', stderr: '' };

liveSuite('the manual', [MANDOC, GROFF, '/usr/bin/script'], () => {
  test('mandoc reports nothing', () => {
    expect(command(MANDOC, ['-Tlint', '-Wall', PAGE])).toEqual(QUIET);
  });

  test('groff, which man uses, has no warning', () => {
    const { status, stdout, stderr } = command(GROFF, ['-man', '-ww', '-rLL=80n', '-Tutf8', PAGE]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('rm -r /var/lib/nagios/[0-9]*/check_conntrack');
  });

  test('the picture in README shows the present report', () => {
    const folder = scratch();
    execFileSync(NODE, [join(TOP, '.dev/papers.mjs'), folder, '.github']);
    expect(readFileSync(join(folder, '.github/report.svg'), 'utf8')).toBe(read('.github/report.svg'));
  });
});

liveSuite('Prometheus and Grafana', [PROMTOOL, '/usr/sbin/nft', '/usr/sbin/ip'], () => {
  test('promtool accepts the rules, and each alert fires when it should', () => {
    expect(command(PROMTOOL, ['check', 'rules', RULES]).stdout).toMatch(/SUCCESS: 1\d rules found/);
    expect(command(PROMTOOL, ['test', 'rules', 'test/prometheus/check_conntrack.rules.test.yml'])).toMatchObject({
      status: 0,
      stderr: '',
    });
    const alerts = Array.from(read(RULES).matchAll(/- alert: (\w+)/g), ([, name]) => name);
    const tests = read('test/prometheus/check_conntrack.rules.test.yml');
    for (const name of alerts) expect(tests).toMatch(new RegExp(`alertname: ${name}\\n\\s+exp_alerts:\\n`));
  });

  test('promtool parses every expression of the dashboard', () => {
    const rules = expressions().map((expr, at) => ({ record: `conntrack:panel_${at}`, expr: filledIn(expr) }));
    const path = join(scratch(), 'rules.yml');
    writeFileSync(path, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    expect(rules.length).toBeGreaterThan(15);
    expect(command(PROMTOOL, ['check', 'rules', path])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`SUCCESS: ${rules.length} rules found`),
    });
  });

  test('the plugin writes every series of the rules and the dashboard', async () => {
    const namespace = trackingNamespace();
    await processInside(namespace);
    sendDatagrams(namespace, 10);
    const trees = [
      ['--netns', 'all'],
      ['--root', fixture('debian-12-synthetic')],
    ];
    const texts = trees.map((args) => command(ENV, [...RUN, '--format', 'prometheus', ...args]).stdout);
    const written = texts.flatMap((text) => Array.from(text.matchAll(/^# TYPE (\w+) /gm), ([, name]) => name));
    const named = [...expressions(), read(RULES).replace(/(summary|description): .*/g, '')].join('\n');
    const used = [...new Set(named.match(/\b(conntrack_\w+|node_\w+|up|ALERTS)\b(?=[\s{[)]|$)/gm))];
    expect(used.length).toBeGreaterThan(15);
    expect(used.filter((name) => !OTHERS.test(name) && !written.includes(name))).toEqual([]);
  });

  test("the dashboard's panels do not overlap, and its data source can be chosen", () => {
    const { panels, templating } = dashboard();
    const names = templating.list.map(({ name }) => name);
    expect(names).toEqual(['datasource', 'job', 'instance']);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { datasource } of panels) expect(datasource.uid).toMatch(/^\$\{datasource\}$/);
  });
});

liveSuite("Director's command", [ICINGA], () => {
  test('Icinga 2 accepts the basket as Director renders it', () => {
    const { Command, ServiceTemplate } = JSON.parse(read('nagios/icinga-director/conntrack.json'));
    const objects = [checkCommand(Command.conntrack), template(ServiceTemplate.conntrack)];
    expect(complaintsOfIcinga(objects.join('\n'))).toBe('');
  });
});

interface BasketCommand {
  readonly command: string;
  readonly arguments: Readonly<Record<string, Readonly<Record<string, string | boolean>>>>;
}

/** In the form that Director 1.10 writes. */
function checkCommand({ command: line, arguments: given }: BasketCommand): string {
  const [, prefix = '', path = ''] = /^([A-Z]\w+ \+ )(.*)$/.exec(line) ?? [];
  const blocks = Object.entries(given).map(([flag, { set_if_format: _, ...properties }]) => {
    const entries = Object.entries(properties).map(([key, value]) => `      ${key} = ${JSON.stringify(value)}\n`);
    return `    "${flag}" = {\n${entries.join('')}    }\n`;
  });
  return `object CheckCommand "conntrack" {
  import "plugin-check-command"
  command = [ ${prefix}${JSON.stringify(path)} ]
  timeout = 10s
  arguments += {
${blocks.join('')}  }
}
`;
}

function template({ vars, ...settings }: { readonly vars: object; readonly [name: string]: unknown }): string {
  const { check_command, check_interval, retry_interval, max_check_attempts } = settings;
  const lines = Object.entries(vars).map(([name, value]) => `  vars.${name} = ${JSON.stringify(value)}\n`);
  return `template Service "conntrack" {
  check_command = "${check_command}"
  max_check_attempts = "${max_check_attempts}"
  check_interval = ${check_interval}
  retry_interval = ${retry_interval}
${lines.join('')}}
`;
}

interface Dashboard {
  readonly templating: { readonly list: readonly { readonly name: string }[] };
  readonly panels: readonly {
    readonly id: number;
    readonly datasource: { readonly uid: string };
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

function dashboard(): Dashboard {
  return JSON.parse(read('nagios/grafana/check_conntrack.json'));
}

function expressions(): readonly string[] {
  return dashboard().panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
}

/** Fills in variables as Grafana does before a query. */
function filledIn(expr: string): string {
  return expr.replace(/\$__rate_interval/g, '4m').replace(/"\$\w+"/g, '".*"');
}

function read(name: string): string {
  return readFileSync(join(TOP, name), 'utf8');
}
