// Names of list formats that are not supported.

import { describe, expect, test } from 'vitest';
import { knownFormat } from '../../../../src/report/list/known-format.ts';

describe('names an unsupported list format', () => {
  test.each<[string, string]>([
    ['<?xml version="1.0" encoding="utf-8"?>\n<conntrack>\n', 'the XML of conntrack -o xml; list it without -o'],
    ['tcp,orig=(src=192.0.2.1,dst=192.0.2.2,sport=1,dport=2),reply=(src=1)\n', "Open vSwitch's dpctl/dump-conntrack"],
    ['     1\tipv4     2 tcp      6 431999 ESTABLISHED src=192.0.2.1\n', 'a list with numbered lines'],
    [
      '[Tue Dec  1 00:45:17 2026] nf_conntrack: nf_conntrack: table full, dropping packet\n',
      'lines of the kernel log; give the output of conntrack -L',
    ],
    ['12:tcp      6 431999 ESTABLISHED src=192.0.2.1\n', 'a list with numbered lines'],
  ])('%j', (text, name) => expect(knownFormat(text)).toEqual({ name }));

  test('recognises the footer of an empty conntrack(8) list', () => {
    expect(knownFormat('conntrack v1.4.6 (conntrack-tools): 0 flow entries have been shown.\n')).toBe('no entries');
  });

  test.each(['', 'anything\n', 'conntrack v1.4.6 (conntrack-tools): 7 flow entries have been shown.\n'])(
    'does not recognise %j',
    (text) => expect(knownFormat(text)).toBeUndefined(),
  );
});
