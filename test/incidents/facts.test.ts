// Facts beside the verdict: when the limit was lowered, which end of the entries is the service, and entries that lead to
// an address that no longer answers.

import { expect, test } from 'vitest';
import { scratch } from '../e2e/support/tree.ts';
import {
  limitTo,
  pluginInside,
  processInside,
  sendDatagrams,
  toolCount,
  trackingNamespace,
} from '../live/namespace.ts';
import { liveSuite } from '../live/parts.ts';
import { report, STANDALONE } from './told.ts';

const PARTS = [STANDALONE, '/usr/sbin/nft', '/usr/sbin/conntrack', '/usr/bin/python3'];

liveSuite('a limit that was lowered under load', PARTS, () => {
  test('line 1 and the report say from which limit, to which, and when', async () => {
    const [name, state] = [trackingNamespace(), scratch()];
    limitTo(10_000);
    sendDatagrams(name, 300);
    pluginInside(name, '--state-dir', state);
    limitTo(250);
    expect(toolCount(name)).toBe(300);
    const check = pluginInside(name, '--state-dir', state, '-v');
    expect(check.stdout).toMatch(
      /table full: 300 of 250 entries \(120.0%\) in this network namespace, limit lowered from 10000 in the last [\d.]+ s/,
    );
    expect(check.stdout).toMatch(/\nlimit lowered from 10000 to 250 in the last [\d.]+ s\n/);
    const pid = String(await processInside(name));
    const { message, incident } = await report('--pid', pid, '--state-dir', state);
    expect(message).toMatch(
      /is full: 300 of 250, nothing dropped now; the limit was lowered from 10,000 to 250 between \d\d:\d\d:\d\d and \d\d/,
    );
    expect(incident.namespaces[0]).toMatchObject({ limit_lowered: { limit_before: 10_000, limit_after: 250 } });
  });
});
