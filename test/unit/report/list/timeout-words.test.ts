// The timeout in force, derived from the time its entries have left.

import { describe, expect, test } from 'vitest';
import type { TimeoutPolicy } from '../../../../src/kernel/rules/timeout-policies.ts';
import { marksOf } from '../../../../src/report/list/begun.ts';
import { countYoung } from '../../../../src/report/list/digest-entry.ts';
import { holdingsOf } from '../../../../src/report/list/holders.ts';
import { timeoutLines } from '../../../../src/report/list/timeout-words.ts';
import { DEFAULT_TIMEOUTS } from '../../../../src/report/list/timeouts.ts';
import { digestOf, entry, type Flow, holdings, times } from '../../support/entries.ts';

const UDP: Flow = { protocol: 17, flag: 'unreplied', seconds: 3599 };
const SLOW: TimeoutPolicy = { name: 'slow', protocol: 'udp', seconds: new Map([['unreplied', 3600]]) };
const WEB: TimeoutPolicy = { name: 'web', protocol: 'tcp', seconds: new Map([['established', 293]]) };

function told(flows: readonly Flow[], policies: readonly TimeoutPolicy[] = []): string {
  return timeoutLines(holdings(flows), policies).join('\n').replace(/\s+/g, ' ');
}

describe('entries with more time left than the sysctl sets', () => {
  test('show a lower bound, and the policy of the rules if there is one', () => {
    expect(told(times(3, UDP))).toContain(
      'udp_timeout (at least 60 min) 3 100.0%, 60 min left udp_timeout is 30 s, but its entries have up to 60 min left: a timeout policy sets more, or the sysctl was higher earlier.',
    );
    expect(told([UDP], [WEB, SLOW])).toContain('left: the rules set 60 min (ct timeout slow).');
  });

  test.each<[string, TimeoutPolicy]>([
    ['another protocol', { ...SLOW, protocol: 'tcp' }],
    ['another state', { ...SLOW, seconds: new Map([['replied', 3600]]) }],
    ['less time than is left', { ...SLOW, seconds: new Map([['unreplied', 3598]]) }],
  ])('are not explained by a policy with %s', (_, policy) => {
    expect(told([UDP], [policy])).toContain('a timeout policy sets more, or');
  });

  test('are counted separately if others end by the sysctl', () => {
    const flows = [...times(50, UDP), ...times(1000, { ...UDP, seconds: 30 })];
    const digest = digestOf(flows);
    for (const flow of flows) countYoung(digest, entry(flow), marksOf(DEFAULT_TIMEOUTS).given);
    const mixed = holdingsOf(digest, DEFAULT_TIMEOUTS, 10);
    expect(timeoutLines(mixed, [SLOW]).join(' ').replace(/\s+/g, ' ')).toContain(
      'udp_timeout is 30 s, but 50 of its 1,050 entries have more, up to 60 min left: the rules set 60 min (ct timeout slow).',
    );
  });

  test('do not include those with exactly the time the sysctl sets', () => {
    expect(told([{ ...UDP, seconds: 30 }])).toBe(
      ' Kept by the timeout; longest time left udp_timeout (30 s) 1 100.0%, 30 s left',
    );
  });
});

describe('established connections with unacknowledged data', () => {
  const waiting = (count: number, seconds = 293) => times(count, { seconds });

  test('are recognised by at most 300 s left of five days', () => {
    expect(told(waiting(30))).toContain(
      'tcp_timeout_unacknowledged (300 s) 30 100.0%, 293 s left tcp_timeout_established is 5 d, but its entries have up to 293 s left: data is unacknowledged or',
    );
    expect(told(waiting(30), [WEB])).toContain('left: the rules set 293 s (ct timeout web).');
  });

  test.each([
    ['there are too few', waiting(29)],
    ['one entry has more time left', [...waiting(30), { seconds: 301 }]],
  ])('are not assumed if %s', (_, flows) => expect(told(flows)).toContain('tcp_timeout_established (5 d)'));

  test('are not ended by a shorter sysctl', () => {
    expect(holdings(waiting(30)).timeouts).toMatchObject([{ by: 'unsettled', shorter: undefined, ended: 0 }]);
  });

  test('are not assumed if the sysctl itself is short', () => {
    const short = new Map([...DEFAULT_TIMEOUTS, ['tcp_timeout_established', 600]]);
    expect(holdings(waiting(30), short).timeouts).toMatchObject([{ by: 'sysctl', seconds: 600 }]);
  });
});
