// Adapts a stream of Node to the contract's, which is read on demand.

import type { Stream } from '../contract.ts';
import { failureOf } from './failure.ts';

export function readableStream(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Stream {
  const pieces = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  return {
    next: async () => {
      try {
        const { done, value } = await pieces.next();
        return done ? undefined : value;
      } catch (error) {
        return failureOf(error);
      }
    },
    close: () => void pieces.return?.(),
  };
}
