// Short names for texts that cannot be file names: a path, a boot id.

/** FNV-1a, eight hexadecimal digits. Two texts may collide, so a file also contains the text. */
export function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}
