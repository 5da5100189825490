// A typed expression as tokens, as Python's tokenizer splits it: {kind, text, start, end}, counted in characters.
//
// kind is "number", "name", "sign", "end", or "bad" for what is no token; a bad token has the column of its fault.

const SIGN = [
  "**=",
  "//=",
  ">>=",
  "<<=",
  "...",
  "**",
  "//",
  ">>",
  "<<",
  "<=",
  "<>",
  ">=",
  "==",
  "!=",
  "->",
  ":=",
  "+=",
  "-=",
  "*=",
  "/=",
  "%=",
  "@=",
  "&=",
  "|=",
  "^=",
  ..."+-*/%@&|^~<>()[]{},:.;=",
];
const OPENING = {"(": ")", "[": "]", "{": "}"};
const LITERALS = [
  // what a number may look like, the longest first
  /^0[xX](?:_?[0-9a-fA-F])+/,
  /^0[oO](?:_?[0-7])+/,
  /^0[bB](?:_?[01])+/,
  /^(?:\d(?:_?\d)*)?\.\d(?:_?\d)*(?:[eE][+-]?\d(?:_?\d)*)?/,
  /^\d(?:_?\d)*\.?(?:[eE][+-]?\d(?:_?\d)*)?/,
];

// The tokens, and the first fault that Python's tokenizer would find: {column, reason}, or null.
function tokens(characters) {
  const found = [],
    brackets = [];
  let fault = null,
    at = 0;
  const wrong = (column, reason, open = false) => {
    fault ??= {column, reason, open, token: found.length};
  };
  while (at < characters.length) {
    const rest = characters.slice(at).join(""),
      first = characters[at];
    let kind = "bad",
      text = first;
    if (first === " ") {
      at += 1;
      continue;
    }
    if (/^\d|^\.\d/.test(rest)) {
      [kind, text] = ["number", numberAt(rest, at, wrong)];
    } else if (/^[\p{XID_Start}_]/u.test(rest)) {
      [kind, [text]] = ["name", rest.match(/^[\p{XID_Start}_][\p{XID_Continue}]*/u)];
    } else {
      const sign = SIGN.find((one) => rest.startsWith(one));
      if (sign) [kind, text] = ["sign", sign];
      else if (printable(first) !== first) {
        const code = first.codePointAt(0).toString(16).toUpperCase();
        wrong(at, `invalid non-printable character U+${code.padStart(4, "0")}`);
      } else if (first > "~") wrong(at, `invalid character '${first}'`);
    }
    if (Object.hasOwn(OPENING, text)) brackets.push([text, at]);
    if (kind === "sign" && [")", "]", "}"].includes(text)) {
      const [open] = brackets.pop() ?? [];
      if (open === undefined) wrong(at, `unmatched '${text}'`);
      else if (OPENING[open] !== text)
        wrong(at, `closing parenthesis '${text}' does not match opening parenthesis '${open}'`);
    }
    const end = at + [...text].length;
    found.push({kind, text, start: at, end, level: brackets.length});
    at = end;
  }
  if (brackets.length) wrong(brackets.at(-1)[1], `'${brackets.at(-1)[0]}' was never closed`, true);
  found.push({kind: "end", text: "", start: characters.length, end: characters.length, level: brackets.length});
  return {found, fault};
}

// The number at the beginning of `rest`, which starts at column `at`. A fault is where Python sees it.
function numberAt(rest, at, wrong) {
  const text = LITERALS.map((form) => rest.match(form)?.[0] ?? "").reduce((a, b) => (b.length > a.length ? b : a));
  const next = rest.slice(text.length),
    last = at + text.length - 1;
  if (/^0(_?\d)+$/.test(text) && /[1-9]/.test(text))
    wrong(at, "leading zeros in decimal integer literals are not permitted");
  const imaginary = /^[jJ]/.test(next),
    after = imaginary ? next.slice(1) : next;
  if (/^0[xXoObB]/.test(rest) && text.length < 2) {
    wrong(/^.._?\d/.test(rest) ? at + 2 : at + 1, "invalid digit in a literal");
  } else if (/^[eE][+-]/.test(after) && !/^0[xXoObB]/.test(text)) {
    wrong(last + 2 + Number(imaginary), "invalid decimal literal");
  } else if (/^_/.test(after)) {
    wrong(last + Number(!text.endsWith(".")), "invalid decimal literal");
  } else if (/^[A-Za-z0-9]/.test(after) && !/^(and|else|for|i[fns]|or|not)/.test(after)) {
    wrong(last + (/^0[oObB]/.test(text) && /^\d/.test(after) ? 1 : 0) + Number(imaginary), "invalid decimal literal");
  }
  return imaginary ? text + next[0] : text;
}
