// The real NRPE, munin-node and Icinga 2 of a root run the check from what the package has put there, set up as its README
// says.

import { appendFileSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXAMPLES } from './files.ts';
import { DEB, type Folder, inRoot, rootOf } from './support.ts';

/** The one that .dev/roots.mjs gives daemons. */
const SUITE = 'bookworm';
const OK =
  /^CONNTRACK OK - \d+ of \d+ entries \(\d+\.\d%\) in this network namespace, (?:at least )?(?:about )?\S+ \S+ slab if full/;
const AGAIN = 'for try in $(seq 100)';

describe('the daemons of Debian', () => {
  let root: Folder;
  beforeAll(() => {
    root = rootOf(SUITE);
    copyFileSync(DEB, join(root.path, 'tmp/new.deb'));
    inRoot(root.path, 'dpkg -i /tmp/new.deb');
  });
  afterAll(() => root.remove());

  test('NRPE, with the example in nrpe.d', () => {
    const said = inRoot(
      root.path,
      `cp ${EXAMPLES}/nrpe_check_conntrack.cfg /etc/nagios/nrpe.d/
      install -d -o nagios /run/nagios
      nrpe -c /etc/nagios/nrpe.cfg -f &
      ask='/usr/lib/nagios/plugins/check_nrpe -H 127.0.0.1 -c'
      ${AGAIN}; do $ask check_conntrack >/tmp/said 2>/dev/null && break; sleep .1; done
      cat /tmp/said; $ask check_conntrack_netns`,
    );
    const [one = '', every = ''] = said.split('\n');
    expect(one).toMatch(OK);
    expect(one).toContain(' load_factor=1;25;');
    expect(every).toMatch(/^CONNTRACK OK - .* netns_usage=/);
  });

  test('munin-node, with a link to the wrapper', () => {
    const said = inRoot(
      root.path,
      `ln -sf /usr/share/munin/plugins/conntrack /etc/munin/plugins/
      install -d /run/munin
      munin-node --foreground 2>/dev/null &
      cat >/tmp/ask <<'END'
      for try in $(seq 100); do { exec 3<>/dev/tcp/127.0.0.1/4949; } 2>/dev/null && break; sleep .1; done
      printf 'cap multigraph\\nconfig conntrack\\nfetch conntrack\\nquit\\n' >&3; cat <&3
END
      bash /tmp/ask`,
    );
    expect(said).toMatch(/^graph_title Connection tracking table$/m);
    expect(said).toMatch(/^entries\.value \d+\n/m);
    expect(said).toMatch(/^drop\.value \d+$/m);
  });

  test("systemd's unit, by its own line, writes what node_exporter reads", () => {
    const [unit = '', timer = ''] = ['service', 'timer'].map((kind) =>
      readFileSync(join(root.path, `usr/lib/systemd/system/check_conntrack.${kind}`), 'utf8'),
    );
    const [, line = ''] = /^ExecStart=\/bin\/sh -c '(.*)'$/m.exec(unit) ?? [];
    writeFileSync(join(root.path, 'tmp/line'), `mkdir -p /var/lib/check_conntrack\n${line}\n`);
    const said = inRoot(
      root.path,
      'mkdir /tmp/collector; COLLECTOR=/tmp/collector sh -e /tmp/line; cat /tmp/collector/*',
    );
    expect(said).toMatch(/^conntrack_entries \d+$/m);
    expect(said).toMatch(/^conntrack_namespaces \d+$/m);
    expect(said).toMatch(/^conntrack_check_state 0$/m);
    expect(inRoot(root.path, 'ls /tmp/collector')).toBe('conntrack.prom\n');
    expect(timer).toContain('\nWantedBy=timers.target\n');
  });

  test('Icinga 2, with its library included and the example as a service', () => {
    appendFileSync(join(root.path, 'etc/icinga2/icinga2.conf'), 'include <icinga2-command-conntrack.conf>\n');
    writeFileSync(join(root.path, 'etc/icinga2/conf.d/firewall.conf'), CONFIGURATION);
    const said = inRoot(
      root.path,
      `cp ${EXAMPLES}/icinga2-service-conntrack.conf /etc/icinga2/conf.d/
      /usr/lib/icinga2/prepare-dirs /etc/default/icinga2
      icinga2 feature enable command >/dev/null
      icinga2 daemon -C
      icinga2 daemon >/tmp/log &
      ${AGAIN}; do [ -p /run/icinga2/cmd/icinga2.cmd ] && break; sleep .1; done
      now=$(date +%s); echo "[$now] SCHEDULE_FORCED_SVC_CHECK;firewall;conntrack;$now" >/run/icinga2/cmd/icinga2.cmd
      ${AGAIN}; do grep -rhs '^firewall.conntrack' /var/spool/icinga2/perfdata && break; sleep .1; done`,
    );
    expect(said).not.toMatch(/ (?:warning|critical)\//);
    const [, state, output = ''] = /^firewall\tconntrack\t(\w+)\t(.*)$/m.exec(said) ?? [];
    expect(state).toBe('OK');
    expect(output).toMatch(OK);
  });
});

const CONFIGURATION = `
object Host "firewall" {
  check_command = "dummy"
  vars.conntrack = true
}
object PerfdataWriter "perfdata" {
  rotation_interval = 1s
  service_format_template = "$host.name$\\t$service.name$\\t$service.state$\\t$service.output$"
}
`;
