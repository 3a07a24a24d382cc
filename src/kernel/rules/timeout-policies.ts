// Timeout policies of rules, as nft(8) lists them: a connection that a rule gives one is kept by it, not by the sysctl.
//   ct timeout slow { # handle 2
//     protocol udp
//     l3proto ip
//     policy = { unreplied : 3600, replied : 2m }

export interface TimeoutPolicy {
  readonly name: string;
  /** Lower case, as `tcp`. */
  readonly protocol: string;
  /** Seconds by state, in lower case. */
  readonly seconds: ReadonlyMap<string, number>;
}

const POLICY = /^\s*ct timeout (\S+) \{[^\n]*\n\s*protocol (\w+)[^}]*?policy = \{([^}]*)\}/gm;
const UNITS: Readonly<Record<string, number>> = { d: 86_400, h: 3600, m: 60, s: 1, '': 1 };

export function parseTimeoutPolicies(text: string): readonly TimeoutPolicy[] {
  return Array.from(text.matchAll(POLICY), ([, name = '', protocol = '', states = '']) => {
    const seconds = Array.from(states.matchAll(/(\w+)\s*:\s*(\w+)/g), ([, state = '', time = '']) => {
      return [state, secondsOf(time)] as const;
    });
    return { name, protocol, seconds: new Map(seconds) };
  });
}

/** `3600`, `2m`, `1h30m`. */
function secondsOf(time: string): number {
  return Array.from(time.matchAll(/(\d+)([dhms]?)/g)).reduce((sum, [, digits, unit = '']) => {
    return sum + Number(digits) * (UNITS[unit] ?? 1);
  }, 0);
}
