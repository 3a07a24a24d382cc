// The packager and the home page: DEBFULLNAME and DEBEMAIL, as for Debian's own tools, and the clone's origin if it is
// a web page. Without them, the changelog's address and no page.

import { execFileSync } from 'node:child_process';
import { top } from '../top.mjs';
import { releases } from './changelog.mjs';

export function origin() {
  const { DEBFULLNAME, DEBEMAIL } = process.env;
  const [, name, address] = /^(.*) <(.*)>$/.exec(releases()[0].who);
  return { maintainer: `${DEBFULLNAME || name} <${DEBEMAIL || address}>`, vendor: DEBFULLNAME || name, url: home() };
}

/** Undefined if the clone has no origin, or one that a browser cannot open. */
function home() {
  try {
    const remote = execFileSync('git', ['remote', 'get-url', 'origin'], { cwd: top, encoding: 'utf8', stdio: 'pipe' });
    return pageOf(remote.trim());
  } catch {
    return undefined;
  }
}

/** `https://HOST/PATH` of an HTTPS or SSH remote, without a user, a password or `.git`. */
export function pageOf(remote) {
  const [, host, path] =
    /^(?:https:\/\/(?:[^/@]*@)?|(?:ssh:\/\/)?git@)([\w.-]+\.[a-z]+)[/:](.+?)(?:\.git)?\/?$/.exec(remote) ?? [];
  return host === undefined ? undefined : `https://${host}/${path}`;
}
