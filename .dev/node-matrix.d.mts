/** Returns the path of that version's binary; installs it if it is missing. */
export function nodeBinary(version: string): Promise<string>;
