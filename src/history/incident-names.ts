// The names in the directory of incidents. A clean check reads only these, so nothing else is loaded for it.

import { files } from '#system/files';
import { systemFault } from '../kernel/file.ts';
import type { Fault } from '../model/fault.ts';
import { type OwnPlace, ownPath } from './state-directory.ts';

export interface IncidentPlace {
  readonly dir: string;
  readonly euid: number;
}

const FILE_NAME = /^((\d{6,9})-\d{8}T\d{6}Z-([0-9a-f]{8}))(?:\.open\.json|\.json|-(?:first|worst)\.(?:json|txt))$/;
export const [OPEN_END, CLOSED_END] = ['.open.json', '.json'];

export interface IncidentFile {
  readonly file: string;
  readonly name: string;
  readonly number: number;
  readonly key: string;
}

export function incidentsPath(place: IncidentPlace): string {
  return ownPath(ownPlace(place));
}

export function ownPlace({ dir, euid }: IncidentPlace): OwnPlace {
  return { dir, euid, below: 'incidents' };
}

/** Facts from the file names alone. A clean check reads no more: it creates nothing and opens no file. */
export function glanceAtIncidents(place: IncidentPlace): { readonly isOpen: boolean; readonly total: number } | Fault {
  const source = incidentsPath(place);
  const names = files.list(source);
  if ('errno' in names) {
    if (names.errno === 'ENOENT') return { isOpen: false, total: 0 };
    return { ...(names.errno === 'ENOTDIR' ? { kind: 'not-directory' } : systemFault(names)), source };
  }
  return { isOpen: names.some((name) => name.endsWith(OPEN_END)), total: highest(incidentFiles(names)) };
}

export function incidentFiles(names: readonly string[]): readonly IncidentFile[] {
  return names.flatMap((file) => {
    const [, name, number, key] = FILE_NAME.exec(file) ?? [];
    return name === undefined || key === undefined ? [] : [{ file, name, number: Number(number), key }];
  });
}

export function highest(all: readonly IncidentFile[]): number {
  return all.reduce((most, { number }) => Math.max(most, number), 0);
}
