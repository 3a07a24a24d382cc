// Bytes and text. The engine's own function takes many arguments in one call, and a hundred instructions for each.

import { asciiText } from 'qjs:own';
import type { Bytes } from '../contract.ts';

// Each argument of a call takes 16 bytes of stack.
const AT_ONCE = 1024;

export const bytes: Bytes = {
  toLatin1: (all, from, end) => asciiText(all.buffer, all.byteOffset + from, end - from) ?? anyText(all, from, end),
  fromLatin1: (text) => {
    const all = new Uint8Array(text.length);
    for (let at = 0; at < text.length; at++) all[at] = text.charCodeAt(at);
    return all;
  },
};

function anyText(all: Uint8Array, from: number, end: number): string {
  let text = '';
  for (let at = from; at < end; at += AT_ONCE)
    text += Reflect.apply(String.fromCharCode, undefined, all.subarray(at, Math.min(at + AT_ONCE, end)));
  return text;
}
