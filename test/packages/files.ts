// The files of an installation. Others script against these paths, so the list is written by hand, not derived from the
// recipe.

const ROLE = '/usr/share/check-conntrack/ansible/roles/check_conntrack';
const DOCUMENTS = '/usr/share/doc/check-conntrack';

export const EXAMPLES = `${DOCUMENTS}/examples`;

const COMMON = [
  '/usr/sbin/check_conntrack',
  '/usr/share/bash-completion/completions/check_conntrack',
  '/usr/share/fish/vendor_completions.d/check_conntrack.fish',
  '/usr/lib/systemd/system/check_conntrack.service',
  '/usr/lib/systemd/system/check_conntrack.timer',
  '/usr/share/icinga2/include/icinga2-command-conntrack.conf',
  '/usr/share/man/man8/check_conntrack.8.gz',
  '/usr/share/munin/plugins/conntrack',
  '/usr/share/check-conntrack/capture',
  '/usr/share/check-conntrack/ansible/check_conntrack.yml',
  ...['defaults', 'handlers', 'meta', 'tasks', 'vars'].map((name) => `${ROLE}/${name}/main.yml`),
  ...['package', 'sudo', 'tarball'].map((name) => `${ROLE}/tasks/${name}.yml`),
  ...['nrpe.cfg', 'sudoers'].map((name) => `${ROLE}/templates/${name}.j2`),
  '/usr/share/check-conntrack/icinga-director/conntrack.json',
  '/usr/share/check-conntrack/kubernetes/daemonset.yml',
  '/usr/share/check-conntrack/kubernetes/node-problem-detector-conntrack',
  '/usr/share/check-conntrack/kubernetes/node-problem-detector.json',
  '/usr/share/check-conntrack/grafana/check_conntrack.json',
  '/usr/share/check-conntrack/prometheus/check_conntrack.rules.yml',
  '/usr/share/check-conntrack/check_conntrack.schema.json',
  `${DOCUMENTS}/README`,
  `${DOCUMENTS}/SECURITY.md`,
  `${DOCUMENTS}/changelog.gz`,
  `${DOCUMENTS}/check-conntrack.cdx.json`,
  `${EXAMPLES}/icinga2-service-conntrack.conf`,
  `${EXAMPLES}/check_conntrack.cfg`,
  `${EXAMPLES}/nrpe_check_conntrack.cfg`,
  `${EXAMPLES}/sudoers-check_conntrack`,
];

export const DEBIAN = [
  ...COMMON,
  '/usr/bin/check_conntrack',
  '/usr/lib/nagios/plugins/check_conntrack',
  '/usr/lib/nagios/plugins/check_conntrack_host',
  '/usr/share/lintian/overrides/check-conntrack',
  '/usr/share/zsh/vendor-completions/_check_conntrack',
  `${DOCUMENTS}/copyright`,
].sort();

export const RED_HAT = [
  ...COMMON,
  '/usr/lib64/nagios/plugins/check_conntrack',
  '/usr/lib64/nagios/plugins/check_conntrack_host',
  '/usr/share/licenses/check-conntrack/LICENSES',
  '/usr/share/zsh/site-functions/_check_conntrack',
].sort();
