import type { Streams } from '../contract.ts';
import { readableStream } from './readable-stream.ts';

export const streams: Streams = {
  ofStdin: () => readableStream(process.stdin),
  // A file stream would block a thread until the other end writes, and could not be interrupted.
  ofDescriptor: (fd) => readableStream(new (netModule().Socket)({ fd, readable: true, writable: false })),
};

// Loaded on demand: it takes several milliseconds, and a check reads no stream.
function netModule(): typeof import('node:net') {
  return require('node:net');
}
