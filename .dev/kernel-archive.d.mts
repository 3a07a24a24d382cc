/** Writes an initramfs of the directory `tree`, to be appended to another one. */
export function archive(tree: string, file: string): void;
