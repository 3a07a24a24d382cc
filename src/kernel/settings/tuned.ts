// TuneD, which applies the [sysctl] section of its active profile after sysctl has run, and then, unless
// reapply_sysctl=0, the files of /run and /etc once more: tuned/plugins/plugin_sysctl.py.

import type { SysctlLine } from '../../model/configuration.ts';
import type { Fault } from '../../model/fault.ts';
import { exists } from '../file.ts';
import type { Root } from '../root.ts';
import type { ReadText } from './sysctl-file.ts';
import { parseSysctlFile } from './sysctl-file.ts';
import { linkTarget } from './sysctl-order.ts';

const UNIT = '/etc/systemd/system/multi-user.target.wants/tuned.service';
const ACTIVE_PROFILE = '/etc/tuned/active_profile';
const MAIN_CONF = '/etc/tuned/tuned-main.conf';
const PROFILE_FOLDERS = ['/etc/tuned/profiles', '/etc/tuned', '/usr/lib/tuned/profiles', '/usr/lib/tuned'];
const SAFE_NAME = /^[\w.-]+$/;
/** A variable, a function, or a value that depends on the one before. */
const COMPUTED = /[$<>]/;

interface Profile {
  readonly path: string;
  /** The section's lines. */
  readonly sysctl: readonly string[];
}

/** Empty if TuneD is not enabled, or its profile has no [sysctl] section. */
export function readTuned(
  root: Root,
  text: ReadText,
  sysctl: readonly SysctlLine[],
  faults: Fault[],
): readonly SysctlLine[] {
  if (linkTarget(root, UNIT) === undefined && !exists(root.locate(UNIT))) return [];
  const profiles = activeProfiles(text);
  if (profiles.every((profile) => profile.sysctl.length === 0)) return [];
  const set = profiles.flatMap(profileLines);
  const known = set.filter(({ isComputed }) => !isComputed).map(({ isComputed: _, ...line }) => line);
  const again = isReapplied(text) ? sysctl.filter(isOfAdministrator).map((line) => ({ ...line, atBoot: true })) : [];
  const [computed] = set.filter(({ isComputed }) => isComputed);
  if (computed !== undefined && again.length === 0)
    faults.push({ kind: 'io', source: root.locate(computed.path), detail: 'TuneD computes its value' });
  return [...known, ...again];
}

function isReapplied(text: ReadText): boolean {
  return !/^\s*reapply_sysctl\s*=\s*(?:0|no|false|off)\b/im.test(text(MAIN_CONF));
}

function isOfAdministrator({ path, isPattern, value }: SysctlLine): boolean {
  return value !== undefined && !isPattern && /^\/(?:etc|run)\//.test(path);
}

function activeProfiles(text: ReadText): readonly Profile[] {
  const read = new Set<string>();
  const profilesOf = (names: readonly string[]): readonly Profile[] =>
    names
      .filter((name) => SAFE_NAME.test(name))
      .flatMap((name) => {
        const path = PROFILE_FOLDERS.map((folder) => `${folder}/${name}/tuned.conf`).find(
          (each) => !read.has(each) && text(each) !== '',
        );
        if (path === undefined) return [];
        read.add(path);
        const profile = text(path);
        const [, included = ''] = /^include\s*=(.*)/.exec(profileSection(profile, 'main').find(isInclude) ?? '') ?? [];
        return [
          ...profilesOf(included.trim().split(/\s*[,;]\s*/)),
          { path, sysctl: profileSection(profile, 'sysctl') },
        ];
      });
  return profilesOf(text(ACTIVE_PROFILE).trim().split(/\s+/));
}

const isInclude = (line: string) => line.startsWith('include');

/** The settings of a section, without comments. */
function profileSection(profile: string, name: string): readonly string[] {
  let current = '';
  return profile.split('\n').flatMap((line) => {
    const setting = line.replace(/(?:^|\s)[#;].*/, '').trim();
    const [, header] = /^\[(.+)\]$/.exec(setting) ?? [];
    if (header !== undefined) current = header;
    return header === undefined && current === name && setting !== '' ? [setting] : [];
  });
}

function profileLines({ path, sysctl }: Profile): readonly (SysctlLine & { readonly isComputed: boolean })[] {
  return sysctl.flatMap((line) =>
    parseSysctlFile(line.replace(/["']/g, ''), path, true, 'procps')
      .filter(({ isPattern }) => !isPattern)
      .map((parsed) => ({ ...parsed, isComputed: COMPUTED.test(line) })),
  );
}
