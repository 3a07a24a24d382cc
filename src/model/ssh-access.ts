// Ports and addresses that a machine's ssh sessions use: advice must not cut them off, because they are needed to undo
// it.

export interface SshAccess {
  /** TCP ports of this machine that sshd listens on or has sessions on; always includes 22. */
  readonly listening: ReadonlySet<number>;
  /** The same, plus the ports at both ends of each session. */
  readonly ports: ReadonlySet<number>;
  /** Source addresses of the sessions, as signed 32-bit words separated by commas. */
  readonly clients: ReadonlySet<string>;
  /** True if sshd's sockets were found, so that there are no other sessions. */
  readonly isComplete: boolean;
  /** Local ports of established TCP connections; undefined if they could not be read. */
  readonly established: ReadonlySet<number> | undefined;
}
