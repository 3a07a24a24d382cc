// Lists of entries that are too long for a file, and the list part of a report in JSON.

export interface List {
  readonly source: string;
  readonly complete: boolean;
  readonly sample: {
    readonly lines: number;
    readonly of_lines: number;
    readonly error_percentage_points: number;
  } | null;
  readonly entries: number;
  readonly lines_not_understood: number;
  readonly sources: {
    readonly may_lack: number;
    readonly top: readonly { readonly address: string; readonly entries: number }[];
  };
}

export function listOf(stdout: string): List {
  return JSON.parse(stdout).report.list;
}

/** Every tenth line has the same source; all others differ. */
export function flood(lines: number): string {
  const line = (at: number): string => {
    const source = at % 10 === 0 ? '198.51.100.7' : `10.${(at >> 16) & 255}.${(at >> 8) & 255}.${at & 255}`;
    const ports = `sport=${1024 + (at % 60_000)} dport=443`;
    const back = `src=192.0.2.1 dst=${source} sport=443 dport=${1024 + (at % 60_000)}`;
    return `ipv4     2 tcp      6 ${at % 120} SYN_SENT src=${source} dst=192.0.2.1 ${ports} [UNREPLIED] ${back} mark=0 zone=0 use=2\n`;
  };
  return Array.from({ length: lines }, (_, at) => line(at)).join('');
}
