// Bytes and text. The engine has nothing for it, but a call takes many arguments at once.

import type { Bytes } from '../contract.ts';

// Each argument of a call is 16 bytes on the stack.
const AT_ONCE = 1024;

export const bytes: Bytes = {
  toLatin1: (all, from, end) => {
    let text = '';
    for (let at = from; at < end; at += AT_ONCE)
      text += Reflect.apply(String.fromCharCode, undefined, all.subarray(at, Math.min(at + AT_ONCE, end)));
    return text;
  },
  fromLatin1: (text) => {
    const all = new Uint8Array(text.length);
    for (let at = 0; at < text.length; at++) all[at] = text.charCodeAt(at);
    return all;
  },
};
