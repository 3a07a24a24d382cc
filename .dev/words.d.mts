export function textsOf(room: string): readonly { readonly file: string; readonly texts: readonly string[] }[];
