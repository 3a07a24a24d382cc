// What may be coloured on a terminal.

type Style = (text: string) => string;

/** Each gives the text in its colour, or as it is. */
export interface Palette {
  readonly title: Style;
  readonly ok: Style;
  readonly warning: Style;
  readonly critical: Style;
  readonly unknown: Style;
  readonly command: Style;
}

const same: Style = (text) => text;

export const PLAIN: Palette = {
  title: same,
  ok: same,
  warning: same,
  critical: same,
  unknown: same,
  command: same,
};
