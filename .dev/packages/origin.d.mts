export function pageOf(remote: string): string | undefined;
