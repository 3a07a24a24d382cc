// Bytes and text. The engine has no function for this, but String.fromCharCode takes many arguments in one call.

import type { Bytes } from '../contract.ts';

// Each argument of a call takes 16 bytes of stack.
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
