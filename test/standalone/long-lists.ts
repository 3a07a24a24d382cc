// Lists of full tables, longer than the standalone executable counts line by line: one for each kind of incident. They
// are the same at every run.

export const LINES = 90_000;

/** Fractions from 0 up to 1, the same in every run: mulberry32. */
function fractions(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Flow {
  readonly protocol?: 'tcp' | 'udp';
  /** The state of a TCP connection. */
  readonly state?: string;
  readonly left: number;
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly isReplied?: boolean;
  /** The address that NAT puts in the place of the source. */
  readonly nat?: string;
  readonly zone?: number;
}

type Make = (at: number, random: () => number) => Flow;

function lineOf(flow: Flow, at: number): string {
  const { protocol = 'tcp', state = 'ESTABLISHED', left, from, to, port, isReplied = true, nat = from, zone } = flow;
  const sport = 1024 + (at % 64_000);
  const head = protocol === 'tcp' ? `tcp      6 ${left} ${state}` : `udp      17 ${left}`;
  const there = `src=${from} dst=${to} sport=${sport} dport=${port}`;
  const back = `src=${to} dst=${nat} sport=${port} dport=${sport}`;
  const [unreplied, assured] = isReplied ? ['', ' [ASSURED]'] : [' [UNREPLIED]', ''];
  return `ipv4     2 ${head} ${there}${unreplied} ${back}${assured} mark=0 zone=${zone ?? 0} use=2\n`;
}

/** An address below a prefix, such as `10.2.`. */
function below(prefix: string, number: number): string {
  return `${prefix}${(number >> 8) & 255}.${number & 255}`;
}

const healthy: Make = (at, random) => ({
  left: 431_000 + Math.floor(random() * 1000),
  from: below('10.1.', Math.floor(random() * 3000)),
  to: below('192.0.', Math.floor(random() * 300)),
  port: [443, 80, 5432, 22][at % 4] ?? 443,
});

/**
 * Makes `share` of the lines by one rule, and the others healthy. No share is near a half, at which advice changes: there a
 * sample decides either way.
 */
function mixed(share: number, make: Make): Make {
  return (at, random) => (random() < share ? make : healthy)(at, random);
}

const SYN = { state: 'SYN_SENT', isReplied: false } as const;
const anyAddress = (random: () => number) => `${1 + Math.floor(random() * 220)}.${below('7.', random() * 65_536)}`;

/** The kinds of incident, by what their entries look like. */
const KINDS: Readonly<Record<string, Make>> = {
  'connections that all look healthy': healthy,
  'a source that floods with datagrams': mixed(0.4, (at, random) => ({
    protocol: 'udp',
    left: Math.floor(random() * 30),
    from: '198.51.100.7',
    to: below('203.0.', at),
    port: 1 + Math.floor(random() * 65_000),
    isReplied: false,
  })),
  'a source that scans': mixed(0.2, (at, random) => ({
    ...SYN,
    left: Math.floor(random() * 120),
    from: '198.51.100.7',
    to: '192.0.2.1',
    port: 1 + (at % 65_000),
  })),
  'connections into a black hole': mixed(0.6, (_, random) => ({
    ...SYN,
    left: Math.floor(random() * 120),
    from: '10.1.0.5',
    to: '203.0.113.80',
    port: 443,
  })),
  'a SYN flood with forged sources': mixed(0.7, (_, random) => ({
    state: 'SYN_RECV',
    isReplied: false,
    left: Math.floor(random() * 60),
    from: anyAddress(random),
    to: '192.0.2.1',
    port: 443,
  })),
  'a network of which no address does much': mixed(0.6, (at, random) => ({
    protocol: 'udp',
    left: Math.floor(random() * 30),
    from: `198.51.100.${at % 256}`,
    to: '192.0.2.1',
    port: 53,
    isReplied: false,
  })),
  'idle connections to one database': mixed(0.8, (at, random) => ({
    left: Math.floor(random() * 400_000),
    from: below('10.1.', at % 40),
    to: '192.0.2.5',
    port: 5432,
  })),
  'many queries to one resolver': mixed(0.6, (_, random) => ({
    protocol: 'udp',
    left: Math.floor(random() * 30),
    from: below('10.1.', Math.floor(random() * 3000)),
    to: '192.0.2.53',
    port: 53,
  })),
  'connections that one side has closed': mixed(0.6, (_, random) => ({
    state: 'CLOSE_WAIT',
    left: Math.floor(random() * 60),
    from: below('10.1.', Math.floor(random() * 20)),
    to: '192.0.2.8',
    port: 8080,
  })),
  'short connections in TIME_WAIT': mixed(0.7, (_, random) => ({
    state: 'TIME_WAIT',
    left: Math.floor(random() * 120),
    from: '10.1.0.9',
    to: '192.0.2.8',
    port: 80,
  })),
  'NAT towards one destination': mixed(0.45, (at, random) => ({
    left: 431_000 + Math.floor(random() * 1000),
    from: below('10.1.', at % 5000),
    to: '192.0.2.99',
    port: 443,
    nat: '203.0.113.1',
  })),
  'entries of a zone': mixed(0.6, (_, random) => ({
    protocol: 'udp',
    left: Math.floor(random() * 30),
    from: '10.1.0.44',
    to: anyAddress(random),
    port: 6881,
    isReplied: false,
    zone: 7,
  })),
};

/** The lists, by the kind of incident. */
export const LONG_LISTS: readonly (readonly [kind: string, list: () => string])[] = Object.entries(KINDS).map(
  ([kind, make], seed) => [
    kind,
    () => {
      const random = fractions(seed + 1);
      return Array.from({ length: LINES }, (_, at) => lineOf(make(at, random), at)).join('');
    },
  ],
);
