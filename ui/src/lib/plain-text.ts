// Markdown as one line of plain text, for lists: its words without its marks. It is no parser: what it
// does not know stays as it was written, and no word is lost.

// Lists show less, and what is longer would only cost time.
const READ_MAX = 600;

/** Lines that are marks and nothing else: fences, rules, underlines of titles, the rule of a table. */
const MARK_LINE = /^\s*(?:(?:```|~~~)\s*[\w+#-]*|[-=*_](?:\s*[-=*_]){1,}|\|?(?:\s*:?-+:?\s*\|)+[\s:-]*)\s*$/;
/** Quotes, one list item in another, a box to tick, a heading. */
const LINE_BEGIN = /^(?:\s*(?:>|[-*+](?=\s)|\d{1,9}[.)](?=\s)|\[[ xX]\](?=\s)|#{1,6}(?=\s)))+\s*/;

const LINK = /!?\[([^[\]]*)\](?:\([^()\s]*(?:\s+(?:"[^"]*"|'[^']*'))?\)|\[[^\]]*\])/g;
// Where a preview ends within one.
const CUT_LINK = /!?\[([^[\]]*)\](?:\([^)]*|\[[^\]]*)$/;
const ADDRESS = /<((?:https?:\/\/|mailto:)[^<>\s]+)>/g;
const STARS = /(\*{1,3}|~~)(?=[^\s*~])([^]*?[^\s*~])\1/g;
const UNDERLINES = /(?<![\p{L}\p{N}_])(_{1,3})(?=[^\s_])([^]*?[^\s_])\1(?![\p{L}\p{N}_])/gu;
const CUT_MARK = /(^|\s)(?:\*{1,3}|_{1,3}|~~|`+)(?=[^\s*_~`])(?=[^*_~`]*$)/;

const ESCAPED_OR_CODE = /\\([!-/:-@[-`{-~])|(`+)(?!`)([^]*?[^`])\2(?!`)/g;
// Stand for what is not to be read again; nobody writes them.
const KEPT = /\ue000(\d+)\ue001/g;

/** Without the marks within a line. */
function withoutMarks(text: string): string {
  const kept: string[] = [];
  let plain = text.replace(ESCAPED_OR_CODE, (_, escaped?: string, __?: string, code?: string) => {
    kept.push(escaped ?? code?.trim() ?? '');
    return `\ue000${kept.length - 1}\ue001`;
  });
  plain = plain.replace(LINK, '$1').replace(CUT_LINK, '$1').replace(ADDRESS, '$1');
  // Twice: one kind of emphasis within another.
  for (let depth = 0; depth < 2; ++depth)
    plain = plain.replace(STARS, '$2').replace(UNDERLINES, '$2');
  return plain.replace(CUT_MARK, '$1').replace(KEPT, (_, index: string) => kept[Number(index)] ?? '');
}

export function plainText(markdown: string): string {
  const lines = markdown
    .slice(0, READ_MAX)
    .split('\n')
    .filter((line) => !MARK_LINE.test(line))
    .map((line) => {
      const text = line.replace(LINE_BEGIN, '');
      return /^\s*\|.*\|\s*$/.test(text) ? text.replace(/\|/g, ' ') : text;
    });
  return withoutMarks(lines.join('\n')).replace(/\s+/g, ' ').trim();
}
