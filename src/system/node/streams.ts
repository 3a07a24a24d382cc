// stdin and pipes, by Node's streams.

import type { Streams } from '../contract.ts';
import { readableStream } from './readable-stream.ts';

export const streams: Streams = {
  ofStdin: () => readableStream(process.stdin),
  // Anything but a socket would wait in a thread for somebody to write, and could not be interrupted.
  ofDescriptor: (fd) => readableStream(new (netModule().Socket)({ fd, readable: true, writable: false })),
};

// Loaded on demand: it takes several milliseconds, and a check reads no stream.
function netModule(): typeof import('node:net') {
  return require('node:net');
}
