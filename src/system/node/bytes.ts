import type { Bytes } from '../contract.ts';

export const bytes: Bytes = {
  toLatin1: ({ buffer, byteOffset }, from, end) =>
    Buffer.from(buffer, byteOffset + from, end - from).toString('latin1'),
  fromLatin1: (text) => Buffer.from(text, 'latin1'),
};
