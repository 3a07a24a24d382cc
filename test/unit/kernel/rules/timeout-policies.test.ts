// Timeout policies, as nft(8) lists them.

import { expect, test } from 'vitest';
import { parseTimeoutPolicies } from '../../../../src/kernel/rules/timeout-policies.ts';

test('each with its protocol and its seconds, whichever way the time is written', () => {
  const text = `table ip filter { # handle 1
	ct timeout slow { # handle 2
		protocol udp
		l3proto ip
		policy = { unreplied : 3600, replied : 2h }
	}

	ct timeout web {
		protocol tcp
		l3proto ip
		policy = { established : 1h30m, close : 20s }
	}

	chain out { # handle 1
		udp dport 9 ct timeout set "slow" # handle 4
	}
}
`;
  expect(parseTimeoutPolicies(text)).toEqual([
    {
      name: 'slow',
      protocol: 'udp',
      seconds: new Map([
        ['unreplied', 3600],
        ['replied', 7200],
      ]),
    },
    {
      name: 'web',
      protocol: 'tcp',
      seconds: new Map([
        ['established', 5400],
        ['close', 20],
      ]),
    },
  ]);
});

test.each(['', 'table ip filter {\n\tct timeout slow {\n\t}\n}\n', 'ct timeout set "slow"\n'])('none: %j', (text) => {
  expect(parseTimeoutPolicies(text)).toEqual([]);
});
