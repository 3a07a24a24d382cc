// The lines of an entry list, as the kernel and conntrack(8) print them:
//   /proc/net/nf_conntrack          ct_seq_show() in net/netfilter/nf_conntrack_standalone.c
//   /proc/net/ip_conntrack          the same without the first two words, IPv4 only (CentOS 5)
//   conntrack -L, -L -o extended    without and with these two words, IPv6 compressed
// A list can have a million lines of 170 bytes, so each byte is looked at once, and nothing is made of it but numbers.

import { type Entry, STATES, type Tuple } from './entry.ts';

const LINE_END = 10;
const BLANK = 32;
const DOT = 46;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const EQUALS = 61;
const UPPER_A = 65;
const UPPER_H = 72;
const UPPER_O = 79;
const UPPER_U = 85;
const UPPER_Z = 90;
const OPEN_BRACKET = 91;
const LOWER_A = 97;
const LOWER_C = 99;
const LOWER_D = 100;
const LOWER_F = 102;
const LOWER_I = 105;
const LOWER_M = 109;
const LOWER_O = 111;
const LOWER_P = 112;
const LOWER_R = 114;
const LOWER_S = 115;
const LOWER_T = 116;
const LOWER_U = 117;
const LOWER_Z = 122;

const PORT_COUNT = 65_536;
/** Seconds: the kernel counts them in 31 bits. */
const LONGEST_TIMEOUT = 2 ** 31;

/** The position of the reader; each function below leaves `at` after the text it has read. */
interface Scan {
  readonly bytes: Uint8Array;
  at: number;
  /** The last number that was read. */
  number: number;
  /** The position of the next `z`; -1 if not searched yet. */
  z: number;
}

/**
 * Passes each entry of `bytes` from `start` to `end` to `onEntry`, always the same object; returns the number of lines
 * that are not entries. A line that is cut off at `end` counts as a line.
 */
export function parseEntries(bytes: Uint8Array, start: number, end: number, onEntry: (entry: Entry) => void): number {
  const scan = { bytes: bytes.subarray(0, end), at: start, number: 0, z: -1 };
  const entry = blankEntry();
  let unknown = 0;
  while (scan.at < end) {
    skipBlanks(scan);
    const blank = byteAt(scan.bytes, scan.at) === LINE_END;
    if (!blank && isEntry(scan, entry)) onEntry(entry);
    else if (!blank) unknown += 1;
    skipLine(scan);
  }
  return unknown;
}

function blankEntry(): Entry {
  return {
    protocol: 0,
    state: 0,
    seconds: 0,
    unreplied: false,
    assured: false,
    offloaded: false,
    zoned: false,
    zone: 0,
    original: blankTuple(),
    reply: blankTuple(),
  };
}

function blankTuple(): Tuple {
  const [source, destination] = [new Int32Array(4), new Int32Array(4)];
  return { ipv6: false, source, destination, sourcePort: -1, destinationPort: -1 };
}

function isEntry(scan: Scan, entry: Entry): boolean {
  entry.state = 0;
  entry.unreplied = false;
  entry.assured = false;
  entry.offloaded = false;
  entry.zoned = false;
  entry.zone = 0;
  if (!readHead(scan, entry) || !findTuple(scan, entry) || !readTuple(scan, entry.original)) return false;
  if (!findTuple(scan, entry) || !readTuple(scan, entry.reply)) return false;
  readLastFlag(scan, entry);
  readLastZone(scan, entry);
  return true;
}

// `ipv4     2 tcp      6 431999`: the first two words not from conntrack(8), the last not where it is offloaded.
function readHead(scan: Scan, entry: Entry): boolean {
  const { bytes, at } = scan;
  if (byteAt(bytes, at) === LOWER_I && byteAt(bytes, at + 1) === LOWER_P) {
    skipWord(scan);
    skipWord(scan);
  }
  skipWord(scan);
  if (!scanNumber(scan)) return false;
  entry.protocol = scan.number;
  skipBlanks(scan);
  entry.seconds = scanNumber(scan) ? scan.number : -1;
  // Anything else here means a prefixed line, whose number is not the protocol's.
  if (entry.seconds === -1 && !isKey(bytes, scan.at, LOWER_S, LOWER_R, LOWER_C)) return false;
  return entry.protocol < 256 && entry.seconds < LONGEST_TIMEOUT;
}

/** Moves past the next `src=`, and reads the state or flags before it. */
function findTuple(scan: Scan, entry: Entry): boolean {
  for (;;) {
    const { bytes, at } = scan;
    const first = byteAt(bytes, at);
    if (first === LOWER_S && isKey(bytes, at, LOWER_S, LOWER_R, LOWER_C)) {
      scan.at = at + 4;
      return true;
    }
    if (first === LINE_END) return false;
    readWord(scan, first, entry);
  }
}

function readWord(scan: Scan, first: number, entry: Entry): void {
  if (first === OPEN_BRACKET) readFlag(scan.bytes, scan.at, entry);
  else if (first >= UPPER_A && first <= UPPER_Z) readState(scan, entry);
  else if (first === LOWER_Z) readZone(scan.bytes, scan.at, entry);
  skipWord(scan);
}

// [UNREPLIED], [ASSURED], [OFFLOAD], [HW_OFFLOAD]: their first letters differ.
function readFlag(bytes: Uint8Array, at: number, entry: Entry): void {
  const letter = byteAt(bytes, at + 1);
  if (letter === UPPER_U) entry.unreplied = true;
  else if (letter === UPPER_A) entry.assured = true;
  else if (letter === UPPER_O || letter === UPPER_H) entry.offloaded = true;
}

// After the second tuple and its counters, if any: no flag comes later.
function readLastFlag(scan: Scan, entry: Entry): void {
  const { bytes } = scan;
  for (let first = byteAt(bytes, scan.at); isOfTuple(first); first = byteAt(bytes, scan.at))
    readWord(scan, first, entry);
  if (byteAt(bytes, scan.at) === OPEN_BRACKET) readFlag(bytes, scan.at, entry);
}

/** packets= and bytes=; of ICMP type=, code= and id=; of GRE srckey= and dstkey=; zone-reply=. Not mark= or use=. */
function isOfTuple(first: number): boolean {
  return first >= LOWER_A && first !== LOWER_M && first !== LOWER_U;
}

/** `[ASSURED] mark=0 zone=7 use=2`: what else there is does not matter, and the engine itself looks for the line's end. */
function readLastZone(scan: Scan, entry: Entry): void {
  const { bytes } = scan;
  if (byteAt(bytes, scan.at) === OPEN_BRACKET) skipWord(scan);
  if (byteAt(bytes, scan.at) === LOWER_M) skipWord(scan);
  const newline = bytes.indexOf(LINE_END, scan.at);
  const end = newline === -1 ? bytes.length : newline;
  // Nearly always it comes next.
  if (byteAt(bytes, scan.at) === LOWER_Z && byteAt(bytes, scan.at + 'zone'.length) === EQUALS)
    readZone(bytes, scan.at, entry);
  else findZone(scan, end, entry);
  scan.at = end;
}

function findZone(scan: Scan, end: number, entry: Entry): void {
  const { bytes } = scan;
  for (let place = nextZ(scan, scan.at); place < end; place = nextZ(scan, place + 1))
    if (byteAt(bytes, place - 1) === BLANK) readZone(bytes, place, entry);
}

// Searches only from the last one on: a list may have none at all.
function nextZ(scan: Scan, from: number): number {
  if (scan.z >= from) return scan.z;
  const at = scan.bytes.indexOf(LOWER_Z, from);
  scan.z = at === -1 ? scan.bytes.length : at;
  return scan.z;
}

/** `zone=0`, `zone=7`, `zone-orig=7`, `zone-reply=7`: the last one that is not 0. */
function readZone(bytes: Uint8Array, at: number, entry: Entry): void {
  let place = at;
  while (byteAt(bytes, place) > BLANK && byteAt(bytes, place) !== EQUALS) place += 1;
  if (byteAt(bytes, place) !== EQUALS || byteAt(bytes, place + 1) <= ZERO) return;
  entry.zoned = true;
  entry.zone = 0;
  for (let digit = byteAt(bytes, ++place); digit >= ZERO && digit <= NINE; digit = byteAt(bytes, ++place))
    entry.zone = 10 * entry.zone + digit - ZERO;
}

const STATE_BY_HASH: ReadonlyMap<number, number> = new Map(STATES.map((name, at) => [hashOf(name), at]));

function hashOf(name: string): number {
  return Array.from(name).reduce((hash, letter) => hashed(hash, letter.charCodeAt(0)), 0);
}

function hashed(hash: number, letter: number): number {
  return (Math.imul(hash, 31) + letter) | 0;
}

function readState(scan: Scan, entry: Entry): void {
  const { bytes } = scan;
  let hash = 0;
  let { at } = scan;
  for (let letter = bytes[at] ?? LINE_END; letter > BLANK; letter = bytes[++at] ?? LINE_END)
    hash = hashed(hash, letter);
  entry.state = STATE_BY_HASH.get(hash) ?? 0;
  scan.at = at;
}

/** Reads the addresses after `src=`, and the ports if there are any. */
function readTuple(scan: Scan, tuple: Tuple): boolean {
  tuple.ipv6 = !readIpv4(scan, tuple.source);
  if (tuple.ipv6 && !readIpv6(scan, tuple.source)) return false;
  if (byteAt(scan.bytes, scan.at) !== BLANK || !isKey(scan.bytes, scan.at + 1, LOWER_D, LOWER_S, LOWER_T)) return false;
  scan.at += ' dst='.length;
  if (tuple.ipv6 ? !readIpv6(scan, tuple.destination) : !readIpv4(scan, tuple.destination)) return false;
  skipBlanks(scan);
  tuple.sourcePort = readPort(scan);
  tuple.destinationPort = readPort(scan);
  return tuple.sourcePort < PORT_COUNT && tuple.destinationPort < PORT_COUNT;
}

/** True for `src=` or the like: `srckey=` begins the same, and the line may end in between. */
function isKey(bytes: Uint8Array, at: number, first: number, second: number, third: number): boolean {
  return bytes[at + 3] === EQUALS && bytes[at] === first && bytes[at + 1] === second && bytes[at + 2] === third;
}

/** `sport=80` or `dport=80`, and on to the next word; -1, and not on, where it is none. */
function readPort(scan: Scan): number {
  const { bytes, at } = scan;
  if (byteAt(bytes, at + 1) !== LOWER_P || !isKey(bytes, at + 2, LOWER_O, LOWER_R, LOWER_T)) return -1;
  let place = at + 'sport='.length;
  let port = 0;
  for (let digit = bytes[place] ?? LINE_END; digit >= ZERO && digit <= NINE; digit = bytes[++place] ?? LINE_END)
    port = 10 * port + digit - ZERO;
  scan.at = place;
  skipBlanks(scan);
  return port;
}

/** Leaves `at` where it was if it is no such address. */
function readIpv4(scan: Scan, words: Int32Array): boolean {
  const { bytes } = scan;
  let { at } = scan;
  let address = 0;
  let letter = DOT;
  for (let octets = 0; octets < 4; octets++) {
    let octet = byteAt(bytes, at) - ZERO;
    if (letter !== DOT || octet < 0 || octet > 9) return false;
    for (letter = byteAt(bytes, ++at); letter >= ZERO && letter <= NINE; letter = byteAt(bytes, ++at))
      octet = 10 * octet + letter - ZERO;
    if (octet > 255) return false;
    at += 1;
    address = (address << 8) | octet;
  }
  if (letter > BLANK) return false;
  words[0] = address;
  scan.at = at - 1;
  return true;
}

const GROUPS = 8;
const GROUP_WORDS = new Uint16Array(GROUPS);

/** In full, as the kernel prints it, or compressed, with the last four octets as IPv4 has them where inet_ntop(3) does. */
function readIpv6(scan: Scan, words: Int32Array): boolean {
  GROUP_WORDS.fill(0);
  const front = readGroups(scan, 0);
  if (isColon(scan, 0) && isColon(scan, 1)) {
    scan.at += 2;
    const colons = front + readGroups(scan, front);
    const behind = byteAt(scan.bytes, scan.at) === DOT ? readLastOctets(scan, colons) : colons;
    if (behind >= GROUPS) return false;
    GROUP_WORDS.copyWithin(front + GROUPS - behind, front, behind).fill(0, front, front + GROUPS - behind);
  } else if (front !== GROUPS) return false;
  for (let word = 0; word < 4; word++)
    words[word] = ((GROUP_WORDS[2 * word] ?? 0) << 16) | (GROUP_WORDS[2 * word + 1] ?? 0);
  return byteAt(scan.bytes, scan.at) <= BLANK;
}

const quad = new Int32Array(1);

/**
 * The last group was the first of four octets; returns the new number of groups, or too many if these are not octets.
 */
function readLastOctets(scan: Scan, count: number): number {
  while (isDigit(byteAt(scan.bytes, scan.at - 1))) scan.at -= 1;
  if (!readIpv4(scan, quad)) return GROUPS;
  const [address = 0] = quad;
  GROUP_WORDS[count - 1] = address >>> 16;
  GROUP_WORDS[count] = address;
  return count + 1;
}

/** Reads the groups between single colons into the places from `first` on; returns their number. */
function readGroups(scan: Scan, first: number): number {
  let place = first;
  while (readGroup(scan)) {
    GROUP_WORDS[place] = scan.number;
    place += 1;
    if (!isColon(scan, 0) || isColon(scan, 1)) break;
    scan.at += 1;
  }
  return place - first;
}

function isColon({ bytes, at }: Scan, ahead: number): boolean {
  return byteAt(bytes, at + ahead) === COLON;
}

function readGroup(scan: Scan): boolean {
  let { at } = scan;
  let group = 0;
  for (let digit = hexDigit(byteAt(scan.bytes, at)); digit !== -1; digit = hexDigit(byteAt(scan.bytes, ++at)))
    group = (group << 4) | digit;
  const length = at - scan.at;
  if (length === 0 || length > 4) return false;
  scan.at = at;
  scan.number = group;
  return true;
}

function hexDigit(letter: number): number {
  if (isDigit(letter)) return letter - ZERO;
  return letter >= LOWER_A && letter <= LOWER_F ? letter - LOWER_A + 10 : -1;
}

/** Digits up to a blank or the line's end; leaves `at` where it was if anything else comes first. */
function scanNumber(scan: Scan): boolean {
  const { bytes } = scan;
  let { at } = scan;
  let number = 0;
  let letter = bytes[at] ?? LINE_END;
  for (; letter >= ZERO && letter <= NINE; letter = bytes[++at] ?? LINE_END) number = number * 10 + letter - ZERO;
  if (letter > BLANK) return false;
  scan.at = at;
  scan.number = number;
  return true;
}

function isDigit(letter: number): boolean {
  return letter >= ZERO && letter <= NINE;
}

/** On to the next word, or to the line's end. */
function skipWord(scan: Scan): void {
  const { bytes } = scan;
  let { at } = scan;
  while ((bytes[at] ?? LINE_END) > BLANK) at += 1;
  while ((bytes[at] ?? LINE_END) === BLANK) at += 1;
  scan.at = at;
  if ((bytes[at] ?? LINE_END) < BLANK) skipBlanks(scan);
}

function skipBlanks(scan: Scan): void {
  const { bytes } = scan;
  let { at } = scan;
  for (let letter = bytes[at] ?? LINE_END; letter <= BLANK && letter !== LINE_END; letter = bytes[++at] ?? LINE_END);
  scan.at = at;
}

function skipLine(scan: Scan): void {
  const { bytes } = scan;
  let { at } = scan;
  while ((bytes[at] ?? LINE_END) !== LINE_END) at += 1;
  scan.at = at + 1;
}

// The end of the bytes ends the line. The loops above do without the call: in QuickJS it costs more than they do.
function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? LINE_END;
}
