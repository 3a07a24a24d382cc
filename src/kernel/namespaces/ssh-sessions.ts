// The ssh sessions of a machine: the one that the report runs in, and those of each sshd.
//   SSH_CONNECTION           ssh(1): client address, client port, server address, server port; sudo removes it
//   /proc/<pid>/fd           links to socket:[inode], which only root may read
//   /proc/<pid>/net/tcp      net/ipv4/tcp_ipv4.c: `0: 0100007F:0016 00000000:0000 0A … inode`, addresses as native words
//   /proc/<pid>/net/tcp6     net/ipv6/tcp_ipv6.c: the same with four words

import { files } from '#system/files';
import type { SshAccess } from '../../model/ssh-access.ts';
import type { Namespace } from '../../model/table.ts';
import { readBounded } from '../file.ts';
import type { Root } from '../root.ts';
import { netFolder } from './nsenter.ts';
import { parseProcess, processIds } from './processes.ts';

const LIST_LIMIT = 1 << 22;
const STAT_LIMIT = 4096;
const MOST_PROCESSES = 1 << 16;
const MOST_SERVERS = 1024;
/** Since OpenSSH 9.8 a session is a process of another name. */
const SERVER = /^(?:sshd|dropbear)/;
const SSH = 22;
const [ESTABLISHED, LISTEN] = ['01', '0A'];

interface Socket {
  readonly inode: string;
  readonly state: string;
  readonly localPort: number;
  readonly remotePort: number;
  /** Signed 32-bit words with commas. */
  readonly remote: string;
}

/** `connection` is the SSH_CONNECTION of this process. A captured tree has no links to sockets. */
export function readSshAccess(root: Root, namespaces: readonly Namespace[], connection: string | undefined): SshAccess {
  // Nothing listens in a namespace without a process.
  const inhabited = namespaces.filter(({ isOwn, pids }) => isOwn || pids.length > 0);
  const lists = inhabited.map((namespace) => readSockets(root, namespace));
  const sockets = lists.flatMap((list) => list ?? []);
  const inodes = root.view === 'captured' ? undefined : serverInodes(root);
  const servers = sockets.filter(({ inode }) => inodes?.has(inode) === true);
  const sessions = [
    ...servers.filter(({ state }) => state === ESTABLISHED),
    ...(root.view === 'captured' ? [] : ownSession(connection)),
  ];
  const listening = servers.flatMap(({ state, localPort }) => (state === LISTEN ? [localPort] : []));
  const isRead = lists.every((list) => list !== undefined);
  return {
    listening: new Set([SSH, ...listening, ...sessions.map(({ localPort }) => localPort)]),
    ports: new Set([SSH, ...listening, ...sessions.flatMap(({ localPort, remotePort }) => [localPort, remotePort])]),
    clients: new Set(sessions.map(({ remote }) => remote)),
    isComplete: isRead && servers.length > 0,
    established: isRead
      ? new Set(sockets.flatMap(({ state, localPort }) => (state === ESTABLISHED ? [localPort] : [])))
      : undefined,
  };
}

type Session = Pick<Socket, 'localPort' | 'remotePort' | 'remote'>;

function ownSession(connection = ''): readonly Session[] {
  const [client = '', clientPort = '', , serverPort = ''] = connection.split(' ');
  const remote = addressKey(client);
  if (remote === undefined || !/^\d+$/.test(clientPort) || !/^\d+$/.test(serverPort)) return [];
  return [{ remote, remotePort: Number(clientPort), localPort: Number(serverPort) }];
}

/** The words of an address in text form: one for IPv4, four for IPv6. */
export function addressKey(address: string): string | undefined {
  const octets = address.split('.').map(Number);
  if (/^\d+(?:\.\d+){3}$/.test(address)) return String(octets.reduce((word, octet) => (word << 8) | octet, 0));
  const [plain = ''] = address.split('%');
  if (!/^[\da-f:]+$/i.test(plain) || !plain.includes(':')) return undefined;
  const [before = '', after] = plain.split('::');
  const groups = (text: string | undefined) => (text ? text.split(':') : []);
  const zeros = Array.from({ length: 8 - groups(before).length - groups(after).length }, () => '0');
  const all = [...groups(before), ...(after === undefined ? [] : zeros), ...groups(after)];
  if (all.length !== 8) return undefined;
  const values = all.map((group) => Number.parseInt(group, 16));
  return [0, 2, 4, 6].map((at) => ((values[at] ?? 0) << 16) | (values[at + 1] ?? 0)).join(',');
}

/** Undefined if they cannot be read. */
function readSockets(root: Root, namespace: Namespace): readonly Socket[] | undefined {
  const folder = netFolder(root, namespace);
  if (folder === undefined) return undefined;
  const read = (name: string) =>
    root.read(`${folder}/${name}`, LIST_LIMIT, (text) => ({ ok: true, value: parseSockets(text) }));
  const [four, six] = [read('tcp'), read('tcp6')];
  if (!four.ok) return undefined;
  if (six.ok) return [...four.value, ...six.value];
  return six.fault.kind === 'missing' ? four.value : undefined;
}

export function parseSockets(text: string): readonly Socket[] {
  const lines = text.matchAll(/^ *\d+: [\dA-F]+:([\dA-F]{4}) ([\dA-F]+):([\dA-F]{4}) ([\dA-F]{2}) (?:\S+ +){5}(\d+)/gm);
  return Array.from(lines, ([, local = '', remote = '', remotePort = '', state = '', inode = '']) => ({
    inode,
    state,
    localPort: Number.parseInt(local, 16),
    remotePort: Number.parseInt(remotePort, 16),
    remote: remoteKey(remote),
  }));
}

// The words are printed as the machine has them in memory; an address of IPv4 on a socket of IPv6 is one of IPv4.
function remoteKey(hex: string): string {
  const words = (hex.match(/.{8}/g) ?? []).map((word) => networkOrder(Number.parseInt(word, 16)));
  const isMapped = words.length === 4 && words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
  return (isMapped ? words.slice(3) : words).join(',');
}

function networkOrder(word: number): number {
  const bytes = new Uint8Array(Uint32Array.of(word).buffer);
  return bytes.reduce((all, byte) => (all << 8) | byte, 0);
}

/** The sockets of every sshd; undefined if there may be others. */
function serverInodes(root: Root): ReadonlySet<string> | undefined {
  const pids = processIds(root);
  if (pids === undefined || pids.length > MOST_PROCESSES) return undefined;
  const servers = pids.filter((pid) => isServer(root, pid));
  if (root.expired('/proc') !== undefined || servers.length > MOST_SERVERS) return undefined;
  const inodes = servers.map((pid) => socketsOf(root, pid));
  return inodes.some((list) => list === undefined) ? undefined : new Set(inodes.flatMap((list) => list ?? []));
}

// Not with root.read(): -vv would list every process.
function isServer(root: Root, pid: number): boolean {
  if (root.expired('/proc') !== undefined) return false;
  const read = readBounded(root.locate(`/proc/${pid}/stat`), STAT_LIMIT);
  const parsed = read.ok ? parseProcess(read.text) : undefined;
  return parsed?.ok === true && SERVER.test(parsed.value.command);
}

function socketsOf(root: Root, pid: number): readonly string[] | undefined {
  const folder = root.locate(`/proc/${pid}/fd`);
  const names = files.list(folder);
  if ('errno' in names) return names.errno === 'ENOENT' ? [] : undefined;
  return names.flatMap((name) => {
    const link = files.readLink(`${folder}/${name}`);
    const [, inode] = typeof link === 'string' ? (/^socket:\[(\d+)\]$/.exec(link) ?? []) : [];
    return inode === undefined ? [] : [inode];
  });
}
