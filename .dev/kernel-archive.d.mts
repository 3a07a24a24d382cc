/** An initramfs of what is in the folder `tree`, to be put behind another one. */
export function archive(tree: string, file: string): void;
