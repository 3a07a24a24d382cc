// stdin and pipes, read through QuickJS's event loop when they are readable.

import * as os from 'qjs:os';
import type { Failed, Stream, Streams } from '../contract.ts';
import { EAGAIN, EINTR, failed } from './errno.ts';

const STDIN = 0;
const AT_ONCE = 1 << 16;

export const streams: Streams = {
  ofStdin: () => descriptorStream(STDIN),
  ofDescriptor: descriptorStream,
};

export function descriptorStream(descriptor: number): Stream {
  const into = new Uint8Array(AT_ONCE);
  let open = true;
  const next = async (): Promise<Uint8Array | Failed | undefined> => {
    let got = -EAGAIN;
    while (got === -EAGAIN || got === -EINTR) {
      await readable(descriptor);
      if (!open) return undefined;
      got = os.read(descriptor, into.buffer, 0, into.length);
    }
    if (got < 0) return failed(-got);
    return got === 0 ? undefined : into.slice(0, got);
  };
  const close = (): void => {
    if (!open) return;
    open = false;
    os.setReadHandler(descriptor, null);
    os.close(descriptor);
  };
  return { next, close };
}

function readable(descriptor: number): Promise<void> {
  return new Promise((resolve) => {
    os.setReadHandler(descriptor, () => {
      os.setReadHandler(descriptor, null);
      resolve();
    });
  });
}
