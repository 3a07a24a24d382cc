// The modules of a kernel: loaded, built in, or loaded on demand.

import { describe, expect, test } from 'vitest';
import { loadedModules, moduleState, parseBuiltIn, wouldLoadModule } from '../../../src/kernel/modules.ts';
import { readToolStatistics } from '../../../src/kernel/table/conntrack-tool.ts';
import { fault } from '../support/observation.ts';
import { type Files, rootOf } from '../support/root.ts';
import { withTools } from '../support/tools.ts';

const NAME = 'nf_conntrack_netlink';
const LISTED = 'nf_conntrack 100 1 - Live 0x0\n';
const BOTH = `${LISTED}${NAME} 100 0 - Live 0x0\n`;
const RELEASE = { 'proc/sys/kernel/osrelease': '6.1.0-49-amd64\n' };
const BUILT_IN = 'lib/modules/6.1.0-49-amd64/modules.builtin';

describe('the state of a module', () => {
  test.each<[string, Files, string]>([
    ['loaded', { 'proc/modules': BOTH }, 'there'],
    ['loaded, listed first', { 'proc/modules': BOTH.split('\n').reverse().join('\n') }, 'there'],
    ['not loaded, conntrack is', { 'proc/modules': LISTED }, 'absent'],
    ['not loaded, ip_conntrack is', { 'proc/modules': 'ip_conntrack 100 1 - Live 0x0\n' }, 'absent'],
    ['only named as a user of another', { 'proc/modules': `${LISTED}nfnetlink 1 1 ${NAME} 0x0\n` }, 'absent'],
    ['of a longer name', { 'proc/modules': `${LISTED}x${NAME} 1 0\n${NAME}_x 1 0\n` }, 'absent'],
    ['conntrack is built in, and so is its interface', { 'proc/modules': 'x 1 0\nnf_conntrack_ftp 1 0\n' }, 'there'],
    ['a list that cannot be read', { 'proc/modules': 'x'.repeat((1 << 20) + 1) }, 'unknown'],
    ['a kernel without modules', {}, 'there'],
  ])('%s', (_, files, state) => expect(moduleState(rootOf(files), [NAME])).toBe(state));

  test.each<[string, Files, string]>([
    ['built in', { ...RELEASE, [BUILT_IN]: `kernel/net/netfilter/${NAME}.ko\n` }, 'there'],
    ['built in, named with a minus', { ...RELEASE, [BUILT_IN]: 'kernel/net/nf-conntrack-netlink.ko\n' }, 'there'],
    ['not built in', { ...RELEASE, [BUILT_IN]: 'kernel/net/netfilter/nf_conntrack.ko\n' }, 'absent'],
    ['a release that names another folder', { 'proc/sys/kernel/osrelease': '../x\n', [BUILT_IN]: '' }, 'there'],
  ])('%s', (_, files, state) => {
    expect(moduleState(rootOf({ 'proc/modules': 'x 1 0 - Live 0x0\n', ...files }), [NAME])).toBe(state);
  });

  test('built in or not, which nothing shows', () => {
    expect(moduleState(rootOf({ 'proc/modules': 'x 1 0 - Live 0x0\n' }), ['nf_tables'])).toBe('unknown');
  });

  test('matches any of its names', () => {
    const root = rootOf({ 'proc/modules': 'ip_conntrack 1 0\nip_conntrack_netlink 1 0\n' });
    expect(moduleState(root, [NAME, 'ip_conntrack_netlink'])).toBe('there');
  });
});

test.each<[string, string, boolean]>([
  ['is there', BOTH, false],
  ['is not there', LISTED, true],
  ['may be built in', 'x 1 0\n', false],
])('a command loads a module that %s', (_, text, loads) => {
  const root = rootOf({ 'proc/modules': text });
  expect(wouldLoadModule(root, [NAME])).toBe(loads);
  expect(wouldLoadModule(root, [])).toBe(false);
});

test('does not run a command that would load a module', () => {
  const lines = withTools({ '/usr/sbin/conntrack': '' });
  const asked = (text: string) => readToolStatistics(rootOf({ 'proc/modules': text }));
  expect(asked(LISTED)).toEqual(fault('would-load-module', 'conntrack -S', 'nf_conntrack_netlink'));
  expect(lines).toEqual([]);
  asked(BOTH);
  expect(lines).toEqual(['/usr/sbin/conntrack -S']);
});

test('parses the names in the lists', () => {
  const loaded = loadedModules(rootOf({ 'proc/modules': BOTH }));
  expect(loaded.ok && [...loaded.value]).toEqual(['nf_conntrack', NAME]);
  expect([...parseBuiltIn('kernel/a/b-c.ko\nkernel/d.ko.xz\nkernel/e.ko\n')]).toEqual(['b_c', 'e']);
});
