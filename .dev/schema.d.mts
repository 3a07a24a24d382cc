/** The path of nagios/check_conntrack.schema.json. */
export const schemaFile: string;
/** Returns the text that the file must have. */
export function schemaText(): string;
