// What the build puts in: by command the lines of its help.

declare module '#help' {
  type Lines = readonly string[];
  export const check: Lines;
  export const report: Lines;
  export const plan: Lines;
  export const munin: Lines;
}
