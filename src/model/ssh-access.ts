// What the ssh sessions of a machine use: advice that cuts them off takes away the way to undo it.

export interface SshAccess {
  /** TCP ports of this machine that sshd listens on or has sessions at; always 22. */
  readonly listening: ReadonlySet<number>;
  /** The same, and the ports at both ends of each session. */
  readonly ports: ReadonlySet<number>;
  /** Addresses that sessions come from, as signed 32-bit words with commas. */
  readonly clients: ReadonlySet<string>;
  /** True if the sockets of sshd were found: then there are no other sessions. */
  readonly isComplete: boolean;
  /** Local ports of established TCP connections; undefined if they could not be read. */
  readonly established: ReadonlySet<number> | undefined;
}
