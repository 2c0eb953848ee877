// Documents that are damaged: tokens left out, given twice, exchanged, or put in from a list of what grammars get wrong.

const TOKENS = /"""[^]*?"""|"(?:\\\\.|[^"\\\\\n])*"|\.\.\.|[A-Za-z_][A-Za-z0-9_]*|-?[0-9][0-9.eE+-]*|\s+|[^]/g;
const INSERTED = [
  '{', '}', '{}', '(', ')', '()', '[', ']', '[]', '...', '.', 'on', ' on ', '@', '@skip(if: true)', '$', '!', ':', '=', '|', '&',
  '#', ',', '\n', '\r', '\ufeff', '"', '""', '"""', '""""""', '"a"', '"""a"""', '"\\u{1F600}"', '"\\uD83D\\uDE00"', '"\\uD83D"',
  '"\\u{110000}"', '"\\u{}"', '"\\a"', '"\u0001"', '1', '-0', '-', '007', '1a', '1.5', '1.', '.5', '1e3', '1e', '0x1',
  'true', 'null', 'truetrue', 'query', 'mutation', 'subscription', 'fragment', 'fragment F on Query { __typename }', 'query A { __typename }',
  '{ viewer {} }', '$x: Int = 1 @skip(if: true)', '__typename', 'viewer', 'a: ', 'é', '?', '%', ';',
];

export function damaged(random, text) {
  const tokens = text.match(TOKENS);
  for (let times = 1 + random.below(3); times > 0; times -= 1) {
    const at = random.below(tokens.length);
    switch (random.below(4)) {
      case 0:
        tokens.splice(at, 1);
        break;
      case 1:
        tokens.splice(at, 0, tokens[at]);
        break;
      case 2: {
        const other = random.below(tokens.length);
        [tokens[at], tokens[other]] = [tokens[other], tokens[at]];
        break;
      }
      default:
        tokens.splice(at, 0, random.pick(INSERTED));
    }
    if (!tokens.length) tokens.push('{');
  }
  return tokens.join('');
}
