// Numbers as monitoring systems read them: a decimal point, no exponent, no locale.

/** The shortest decimal that reads back as the same number, never in exponent form. */
export function plainDecimal(value: number): string {
  const text = String(value);
  const [mantissa = '', exponent] = text.split('e');
  return exponent === undefined ? text : shiftPoint(mantissa, Number(exponent));
}

/** At most `places` decimals, trailing zeros dropped. */
export function roundedDecimal(value: number, places: number): string {
  return plainDecimal(Number(value.toFixed(places)));
}

function shiftPoint(mantissa: string, exponent: number): string {
  const sign = mantissa.startsWith('-') ? '-' : '';
  const [whole = '', fraction = ''] = mantissa.slice(sign.length).split('.');
  const digits = whole + fraction;
  const point = whole.length + exponent;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, '0');
}
