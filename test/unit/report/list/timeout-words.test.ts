// The timeout in force, by what the entries have left.

import { describe, expect, test } from 'vitest';
import type { TimeoutPolicy } from '../../../../src/kernel/rules/timeout-policies.ts';
import { marksOf } from '../../../../src/report/list/begun.ts';
import { countYoung } from '../../../../src/report/list/digest.ts';
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

describe('more is left than the sysctl gives', () => {
  test('a lower bound, and a policy of the rules if there is one', () => {
    expect(told(times(3, UDP))).toContain(
      'udp_timeout (at least 60 min) 3 100.0%, 60 min left udp_timeout is 30 s, but its entries have at most 60 min left: a timeout policy sets more, or the sysctl was higher earlier.',
    );
    expect(told([UDP], [WEB, SLOW])).toContain('left: the rules set 60 min (ct timeout slow).');
  });

  test.each<[string, TimeoutPolicy]>([
    ['another protocol', { ...SLOW, protocol: 'tcp' }],
    ['another state', { ...SLOW, seconds: new Map([['replied', 3600]]) }],
    ['less than is left', { ...SLOW, seconds: new Map([['unreplied', 3598]]) }],
  ])('a policy that does not explain it: %s', (_, policy) => {
    expect(told([UDP], [policy])).toContain('a timeout policy sets more, or');
  });

  test('of some entries only: the others end by the sysctl', () => {
    const flows = [...times(50, UDP), ...times(1000, { ...UDP, seconds: 30 })];
    const digest = digestOf(flows);
    for (const flow of flows) countYoung(digest, entry(flow), marksOf(DEFAULT_TIMEOUTS).given);
    const mixed = holdingsOf(digest, DEFAULT_TIMEOUTS, 10);
    expect(timeoutLines(mixed, [SLOW]).join(' ').replace(/\s+/g, ' ')).toContain(
      'udp_timeout is 30 s, but 50 of its 1,050 entries have more, up to 60 min left: the rules set 60 min (ct timeout slow).',
    );
  });

  test('exactly what the sysctl gives is the sysctl', () => {
    expect(told([{ ...UDP, seconds: 30 }])).toBe(' Kept by the timeout udp_timeout (30 s) 1 100.0%, 30 s left');
  });
});

describe('established connections whose data is not acknowledged', () => {
  const waiting = (count: number, seconds = 293) => times(count, { seconds });

  test('at most 300 s left of five days', () => {
    expect(told(waiting(30))).toContain(
      'tcp_timeout_unacknowledged (300 s) 30 100.0%, 293 s left tcp_timeout_established is 5 d, but its entries have at most 293 s left: data is unacknowledged or',
    );
    expect(told(waiting(30), [WEB])).toContain('left: the rules set 293 s (ct timeout web).');
  });

  test.each([
    ['too few to tell', waiting(29)],
    ['one has more', [...waiting(30), { seconds: 301 }]],
  ])('not if %s', (_, flows) => expect(told(flows)).toContain('tcp_timeout_established (5 d)'));

  test('a shorter sysctl would end none of them', () => {
    expect(holdings(waiting(30)).timeouts).toMatchObject([{ by: 'unsettled', shorter: undefined, ended: 0 }]);
  });

  test('a sysctl that is no longer than that is taken as it is', () => {
    const short = new Map([...DEFAULT_TIMEOUTS, ['tcp_timeout_established', 600]]);
    expect(holdings(waiting(30), short).timeouts).toMatchObject([{ by: 'sysctl', seconds: 600 }]);
  });
});
