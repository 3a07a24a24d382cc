// The name of a pod by the folder of its logs, `/var/log/pods/NAMESPACE_NAME_UID`, which the kubelet makes and everybody
// may list. Undefined where the pod has none.

import type { Root } from '../root.ts';

const POD_LOGS = '/var/log/pods';

/** `NAMESPACE/NAME`. */
export function readPodName(root: Root, uid: string): string | undefined {
  const folders = root.list(POD_LOGS);
  if ('kind' in folders) return undefined;
  const folder = folders.find((name) => name.endsWith(`_${uid}`));
  // Neither part may have an underscore in it.
  return folder?.split('_').slice(0, 2).join('/');
}
