// Numbers as text, text as numbers, text that prints. brief() writes what Python's f"{x:.6g}" writes.

// `digits` significant digits of a number: six on the board, four in a box.
function brief(x, digits = 6) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  if (x === 0) return "0";
  const [mantissa, power] = even(x, digits).split("e");
  if (power < -4 || power >= digits) {
    return `${trimmed(mantissa)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  return trimmed(Number(`${mantissa}e${power}`).toFixed(Math.max(0, digits - 1 - power)));
}

// x.toExponential(digits - 1) for two digits or more; halfway between two it takes the even one, as Python does.
function even(x, digits) {
  const text = x.toExponential(digits - 1),
    [all, power] = x.toExponential(60).split("e");
  const kept = all.slice(0, digits + 1 + Number(x < 0));
  return /^50*$/.test(all.slice(kept.length)) && Number(kept.at(-1)) % 2 === 0 ? `${kept}e${power}` : text;
}

function trimmed(digits) {
  return digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
}

// The same with typographic minus signs, for the page.
function typeset(x, digits = 6) {
  return brief(x, digits).replaceAll("-", "\u2212");
}

// Every digit, as Python's repr(): for titles, and for programs to copy.
function exact(x) {
  if (!Number.isFinite(x)) return brief(x);
  return Object.is(x, -0) ? "-0.0" : Number.isInteger(x) && Math.abs(x) < 1e16 ? `${x}.0` : String(x);
}

// A typed number: 0.5, -2, 1e-3, 1/3, inf, nan. Undefined if the text is not one.
function parsed(text) {
  const words = text.trim().toLowerCase().replaceAll("\u2212", "-");
  if (/^[+-]?inf(inity)?$/.test(words)) return words.startsWith("-") ? -Infinity : Infinity;
  if (words === "nan") return NaN;
  const number = "([+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:e[+-]?\\d+)?)";
  const [all, above, below] = words.match(`^${number}(?: */ *${number})?$`) || [];
  return all === undefined ? undefined : Number(above) / Number(below ?? 1);
}

// The bits of floats, as Python's math has them: frexp, ulp ----------------------------------------------------

const bits = new DataView(new ArrayBuffer(8));

// The whole power p for which 2**(p-1) <= |x| < 2**p; 0 for 0.
function exponent(x) {
  if (x === 0 || !Number.isFinite(x)) return 0;
  bits.setFloat64(0, x);
  const power = (bits.getUint16(0) >> 4) & 0x7ff;
  return power === 0 ? exponent(x * 2 ** 64) - 64 : power - 1022;
}

// The distance to the next float away from 0.
function ulp(x) {
  if (!Number.isFinite(x)) return Math.abs(x);
  return 2 ** Math.max(exponent(x) - 53, -1074) * (x === 0 ? 0 : 1) || 2 ** -1074;
}

// What does not print as its code, so that no line is broken or turned around (ieee.printable).
function printable(text) {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]|[^\P{Zs} ]/gu, (c) => {
    const code = c.codePointAt(0).toString(16);
    if (code.length > 4) return `\\U${code.padStart(8, "0")}`;
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
  });
}
