/** The path of nagios/check_conntrack.schema.json. */
export const schemaFile: string;
/** What that file has to be. */
export function schemaText(): string;
