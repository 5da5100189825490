"""Names that try to be markup, code, links, or too much. Whatever shows a graph is given all of them."""

LABELS = [
    "<b>bold</b>", "</script><script>alert(1)</script>", "<!--", "]]>", "<img src=x onerror=alert(1)>", "&lt;",
    '"]; evil [label="x', "'quoted'", "back\\slash\\", "{{graph}}", "${alert(1)}", "`tick`", "javascript:alert(1)",
    "two\nlines", "\0NUL", "\u2028line separator", "\u202egnirts", "\ud800 half a pair", "emoji \U0001f600", "μ ∂ 名",
    "__proto__", "constructor", "x" * 10_000, " ", "%s {} \\n",
]
