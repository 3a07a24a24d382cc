// Filled in by the build: the lines of each command's help.

declare module '#help' {
  type Lines = readonly string[];
  export const check: Lines;
  export const report: Lines;
  export const incidents: Lines;
  export const plan: Lines;
  export const munin: Lines;
}
