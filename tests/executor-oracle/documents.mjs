// Random documents: fields in any order and again, aliases, fragments of both kinds, `@skip` and `@include` with literals
// and variables, `__typename` anywhere, introspection beside data, arguments as literals and as variables; and what the
// editions of 2025 and 2026 brought: empty selection sets, descriptions, escapes of any character.
//
// Most are valid; a few are not, by a field that does not exist or by fields that do not merge.

import { getNamedType, isAbstractType, isCompositeType, isObjectType } from 'graphql';
import { SORTS } from './rows.mjs';

// The gateway's limits on what a document may hold, with some room.
const MOST = { directives: 15, aliases: 8, fragments: 6, calls: 3 };
const CONDITIONS = ['a', 'b', 'c', 'd', 'e', 'f'];
const INTROSPECTION = [
  '__schema { queryType { name __typename } }',
  's: __schema { queryType { kind fields { name } } mutationType { name } }',
  '__type(name: "Import") { name kind fields { name type { kind name ofType { name kind } } } }',
  't: __type(name: "ImportFilter") { name inputFields { name } __typename }',
  'u: __type(name: $typeName) { name description enumValues { name } }',
  'v: __type(name: "Nothing") { name }',
];

// A document: `{ text, runs }`, where each of `runs` has values for its variables.
export function randomDocument(random, schema, data) {
  return new Writer(random, schema, data).document();
}

class Writer {
  constructor(random, schema, data) {
    this.random = random;
    this.schema = schema;
    this.data = data;
    this.variables = new Map();
    this.fragments = [];
    this.counts = { directives: 0, aliases: 0 };
    this.calls = [];
  }

  document() {
    const query = this.schema.getQueryType();
    const set = this.set(query, 0);
    const whole = this.fragments.reduce((text, fragment) => text + fragment.set, set);
    // An argument that was made for a field that then was not selected leaves a variable without use.
    for (const name of this.variables.keys()) {
      if (!new RegExp(`\\$${name}\\b`).test(whole)) this.variables.delete(name);
    }
    const declared = [...this.variables].map(([name, { type }]) => `${this.description()}$${name}: ${type}`).join(', ');
    const isNamed = this.random.percent(30) || declared;
    const head = isNamed ? `${this.description()}query Q${declared && `(${declared})`} ` : '';
    const fragments = this.fragments.map(({ name, type, set }) => `\n${this.description()}fragment ${name} on ${type} ${set}`);
    // A fragment may be defined before what spreads it.
    if (this.random.percent(50)) fragments.reverse();
    const values = (choose) =>
      Object.fromEntries([...this.variables].flatMap(([name, variable]) => choose(name, variable.values)));
    const run = () => values((name, choices) => given(name, this.random.pick(choices)));
    const runs = this.variables.size && this.random.percent(30) ? [run(), run()] : [run()];
    return { text: `${head}${set}${fragments.join('')}`, runs };
  }

  // What may stand before an operation, a fragment or a variable.
  description() {
    if (!this.random.percent(4)) return '';
    return this.random.pick(['"a \\u{e9}" ', '"""b "c" # {""" ', '""\n']);
  }

  set(type, depth) {
    if (this.random.percent(2)) return this.random.pick(['{}', '{ }', '{ # }\n}']);
    const parts = [];
    const names = [];
    const most = depth === 0 ? 3 : 4;
    for (let count = 1 + this.random.below(most); count > 0; count -= 1) {
      parts.push(this.part(type, depth, names));
    }
    return `{ ${parts.join(' ')} }`;
  }

  part(type, depth, names) {
    const roll = this.random.below(100);
    if (roll < 10) {
      return `...${this.condition(type)}${this.directives()} ${this.set(this.onType, depth + 1)}`;
    }
    if (roll < 20) {
      const name = this.fragment(type, depth);
      if (name) return `...${name}${this.directives()}`;
    }
    if (roll < 28) {
      return `${this.alias('__typename')}__typename${this.directives()}`;
    }
    return isQuery(type) ? this.rootField(depth) : this.field(type, depth, names);
  }

  // A type condition that can hold, or none; remembers the type below it.
  condition(type) {
    const types = [type];
    if (isAbstractType(type)) types.push(...this.schema.getPossibleTypes(type));
    if (isObjectType(type)) types.push(...type.getInterfaces());
    this.onType = this.random.pick(types);
    return this.onType === type && this.random.percent(50) ? '' : ` on ${this.onType.name}`;
  }

  // A new fragment, or one that is spread already.
  fragment(type, depth) {
    const known = this.fragments.filter((fragment) => fragment.type === type.name && fragment.set);
    if (known.length && this.random.percent(50)) {
      return this.random.pick(known).name;
    }
    if (this.fragments.length >= MOST.fragments || depth > 6) return null;
    this.condition(type);
    const fragment = { name: `F${this.fragments.length}`, type: this.onType.name, set: null };
    this.fragments.push(fragment);
    // Until it is whole nothing spreads it, so none leads back to itself.
    fragment.set = this.set(this.onType, depth + 1);
    return fragment.name;
  }

  field(type, depth, names) {
    const fields = Object.values(type.getFields());
    const again = names.length && this.random.percent(30) ? this.random.pick(names) : null;
    const field = again ? type.getFields()[again] : this.random.pick(fields);
    names.push(field.name);
    if (this.random.below(2000) === 0) return 'nobody';
    const of = getNamedType(field.type);
    const below = isCompositeType(of) ? ` ${this.set(of, depth + 1)}` : '';
    return `${this.alias(field.name)}${field.name}${this.directives()}${below}`;
  }

  rootField(depth) {
    if (this.random.percent(5)) {
      const [, start, rest] = /^([^{]*)(\{.*)$/.exec(this.random.pick(INTROSPECTION));
      if (start.includes('$typeName')) {
        this.variable('typeName', 'String!', ['ImportStatus', 'Account', 'SortDirection', 'None']);
      }
      return `${start}${this.directives()} ${rest}`;
    }
    if (this.calls.length < MOST.calls && (!this.calls.length || this.random.percent(70))) {
      this.calls.push(this.call());
    }
    const { head, type } = this.random.pick(this.calls);
    const below = ` ${this.set(type, depth + 1)}`;
    return `${head}${this.directives()}${below}`;
  }

  // A root field with its arguments, which are the same wherever it stands.
  call() {
    const name = this.random.pick(['imports', 'imports', 'imports', 'import', 'importByDatabaseId', 'importStatusCounts', 'importCounts', 'node', 'nodes', 'viewer']);
    const index = this.calls.length;
    const key = index || this.random.percent(30) ? `r${index}: ` : '';
    const type = getNamedType(this.schema.getQueryType().getFields()[name].type);
    const given = this.arguments(name);
    return { head: `${key}${name}${given.length ? `(${given.join(', ')})` : ''}`, type };
  }

  arguments(name) {
    const { random, data } = this;
    const row = () => random.pick(data.imports);
    const id = () => random.pick([row().id, row().id, row().id, data.viewer.id, 'nothing', '']);
    const choices = (make) => [make(), make(), make()];
    switch (name) {
      case 'import':
      case 'node':
        return [this.argument('id', 'ID!', choices(id))];
      case 'importByDatabaseId':
        return [this.argument('databaseId', 'BigInt!', choices(() => random.pick([row().databaseId, '7', '-1'])))];
      case 'nodes':
        return [this.argument('ids', '[ID!]!', choices(() => Array.from({ length: random.below(5) }, id)))];
      case 'importStatusCounts':
        return random.percent(60) ? [this.argument('filter', 'ImportFilter', choices(() => this.filter()))] : [];
      case 'importCounts':
        return this.overTime();
      case 'imports':
        return this.paging();
      default:
        return [];
    }
  }

  overTime() {
    const { random, data } = this;
    const given = [];
    const units = ['HOUR', 'DAY', 'WEEK', 'MONTH'];
    const instants = () => [random.pick(data.imports).createdAt, random.pick(data.imports).createdAt, null];
    if (random.percent(50)) given.push(this.argument('filter', 'ImportFilter', [this.filter(), this.filter(), null]));
    if (random.percent(70)) given.push(this.argument('by', 'ImportCountBucket!', [random.pick(units), random.pick(units)]));
    if (random.percent(30)) given.push(this.argument('timeZone', 'String!', ['Etc/UTC', 'utc']));
    // Both ends at once may lie further apart than an answer has buckets.
    if (random.percent(30)) given.push(this.argument(random.percent(50) ? 'from' : 'to', 'DateTime', instants()));
    return given;
  }

  paging() {
    const { random, data } = this;
    const given = [];
    const size = () => random.pick([1, 2, 3, 5, 2, 1, 3, 0, 10, random.pick([50, 100, 101, -1])]);
    const sizes = () => [size(), size(), size(), random.percent(10) ? null : size()];
    if (random.percent(96)) given.push(this.argument(random.percent(70) ? 'first' : 'last', 'Int', sizes()));
    if (random.percent(2)) given.push(this.argument(given[0]?.startsWith('first') ? 'last' : 'first', 'Int', sizes()));
    const sort = random.below(SORTS.length);
    const cursor = () => {
      if (random.percent(4)) return 'nothing';
      const ofRow = data.cursors[random.percent(97) ? sort : random.below(SORTS.length)];
      return ofRow.get(random.pick(data.imports).databaseId);
    };
    const cursors = () => [cursor(), cursor(), null];
    let isBound = false;
    for (const bound of ['after', 'before']) {
      if (random.percent(25)) {
        given.push(this.argument(bound, 'String', cursors()));
        isBound = true;
      }
    }
    if (random.percent(40)) given.push(this.argument('filter', 'ImportFilter', [this.filter(), this.filter(), null]));
    if (!isBound || random.percent(50)) {
      const twice = [{ id: 'ASC' }, { id: 'DESC' }];
      const sorts = [SORTS[sort], SORTS[sort], random.percent(5) ? twice : SORTS[sort], random.percent(20) ? [] : null];
      if (random.percent(70)) given.push(this.argument('sort', '[ImportSort!]', sorts));
    }
    return given;
  }

  filter() {
    const { random, data } = this;
    const filter = {};
    if (random.percent(60)) {
      const statuses = this.schema.getType('ImportStatus').getValues().map(({ name }) => name);
      const include = Array.from({ length: random.percent(3) ? 0 : 1 + random.below(4) }, () => random.pick(statuses));
      filter.status = { [random.percent(70) ? 'include' : 'exclude']: include };
    }
    if (random.percent(20)) {
      const types = Array.from({ length: 1 + random.below(2) }, () => random.pick(data.imports).type);
      filter.type = { [random.percent(50) ? 'include' : 'exclude']: types };
    }
    if (random.percent(25)) {
      const name = [...random.pick(data.imports).fileName];
      const from = random.percent(30) ? 0 : random.below(name.length);
      const term = name.slice(from, from + 1 + random.below(4)).join('');
      // A word in capitals would be written as an enum value.
      const inAnyCase = random.percent(50) && !/^[a-z_]+$/i.test(term) ? term.toUpperCase() : term.toLowerCase();
      filter.fileName = { [from ? 'contains' : 'startsWith']: inAnyCase };
    }
    if (random.percent(15)) filter.isCompleted = random.percent(50);
    for (const column of ['createdAt', 'updatedAt', 'completedAt']) {
      if (!random.percent(column === 'completedAt' ? 10 : 30)) continue;
      const instant = () =>
        random.percent(90) ? (random.pick(data.imports)[column] ?? '2026-10-07T00:00:00Z') : random.pick(['2026-11-01T00:00:00Z', '2026-10-05T12:00:00.5Z']);
      const operator = random.pick(['lt', 'lte', 'gt', 'gte', 'between']);
      filter[column] = { [operator]: operator === 'between' ? { gte: instant(), lt: instant() } : instant() };
    }
    return filter;
  }

  // An argument: one of `choices` as a literal, or a variable that takes any of them. `null` of a variable is also "unset".
  argument(name, type, choices) {
    if (this.random.percent(50)) {
      return `${name}: ${literal(this.random.pick(choices), this.random)}`;
    }
    const variable = `v${this.variables.size}`;
    const values = choices.includes(null) ? [...choices, undefined] : choices;
    this.variable(variable, type, values);
    return `${name}: $${variable}`;
  }

  variable(name, type, values) {
    this.variables.set(name, { type, values });
  }

  alias(name) {
    if (this.counts.aliases >= MOST.aliases || !this.random.percent(15)) return '';
    this.counts.aliases += 1;
    // graphql-js does not compare `__typename` with what has the same key on another type; the specification does.
    return this.random.percent(97) || name === '__typename' ? `x_${name}: ` : 'any: ';
  }

  directives() {
    let text = '';
    for (const name of ['skip', 'include']) {
      if (this.counts.directives >= MOST.directives || !this.random.percent(8)) continue;
      this.counts.directives += 1;
      text += ` @${name}(if: ${this.boolean()})`;
    }
    return text;
  }

  boolean() {
    if (this.random.percent(30)) return this.random.percent(50);
    const name = this.random.pick(CONDITIONS);
    const type = this.random.percent(20) ? 'Boolean = true' : 'Boolean!';
    if (!this.variables.has(name)) {
      this.variable(name, type, type === 'Boolean!' ? [true, false] : [true, false, undefined]);
    }
    return `$${name}`;
  }
}

const isQuery = (type) => type.name === 'Query';

const given = (name, value) => (value === undefined ? [] : [[name, value]]);

// A JSON value as a literal: words in capitals are enum values, keys are bare.
function literal(value, random) {
  if (Array.isArray(value)) return `[${value.map((item) => literal(item, random)).join(', ')}]`;
  if (value && typeof value === 'object') {
    return `{${Object.entries(value).map(([key, value]) => `${key}: ${literal(value, random)}`)}}`;
  }
  if (typeof value === 'string') return /^[A-Z_]+$/.test(value) ? value : text(value, random);
  return value === 0 && random.percent(50) ? '-0' : JSON.stringify(value);
}

// A string without quotes in it as a literal, in one of the ways to write it.
function text(value, random) {
  if (value && random.percent(10)) {
    const at = random.below(value.length);
    const hex = value.charCodeAt(at).toString(16);
    const escape = random.pick([`\\u{${hex}}`, `\\u{000${hex}}`, `\\u${hex.padStart(4, '0')}`]);
    return `"${value.slice(0, at)}${escape}${value.slice(at + 1)}"`;
  }
  return random.percent(10) ? `"""${value}"""` : `"${value}"`;
}
