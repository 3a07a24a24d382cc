// The parts of a report that are coloured on a terminal.

type Style = (text: string) => string;

/** Each returns the text in its colour, or unchanged. */
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
