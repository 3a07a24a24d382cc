/** The path of that version's binary, installed if it is not here yet. */
export function nodeBinary(version: string): Promise<string>;
