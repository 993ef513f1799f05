/** In which domain TiDB tells values apart where nothing is compared with them: GROUP BY, DISTINCT, MIN and MAX. */
import { isCollationSupported } from '../codec/collation.js';
import { type FieldType, MysqlType } from '../codec/field-type.js';
import type { ComparisonDomain } from '../dataflow/expression.js';
import type { ComparisonContext } from './typing/comparison.js';
import { typeName, valueClassOf } from './typing/value-class.js';

/** A domain, or why values of the type have none. */
export type KeyDomain =
  | { readonly kind: 'domain'; readonly domain: ComparisonDomain }
  | { readonly kind: 'refused'; readonly reason: string };

/** The domain in which values of a type are the same or not. */
export function groupingDomain(type: FieldType, context: ComparisonContext): KeyDomain {
  switch (type.tp) {
    case MysqlType.bit:
      return domainOf({ kind: 'integer' });
    case MysqlType.enum:
    case MysqlType.set:
      // TiDB groups them by name. The names differ, but for the empty one, which is what a wrong value is called.
      return type.elems.includes('')
        ? refused(`${typeName(type)} with an empty member has two values of one name`)
        : domainOf({ kind: 'integer' });
    default:
      return orderingDomain(type, context);
  }
}

/** The domain in which values of a type are the same or not, and come one after the other. */
export function orderingDomain(type: FieldType, context: ComparisonContext): KeyDomain {
  const valueClass = valueClassOf(type);
  switch (valueClass) {
    case 'integer':
    case 'year':
    case 'null':
      return domainOf({ kind: 'integer' });
    case 'decimal':
    case 'real':
    case 'duration':
      return domainOf({ kind: valueClass });
    case 'moment':
      return domainOf({ kind: 'time' });
    case 'timestamp':
      // Twice a year two moments look the same on the wall clock, which is what TiDB groups by.
      return context.offsetMinutes === undefined
        ? refused('TIMESTAMP values are told apart in a time zone that is no fixed offset from UTC')
        : domainOf({ kind: 'time' });
    case 'string':
      return context.isNewCollation && !isCollationSupported(type.collate)
        ? refused(`comparing strings of the collation ${type.collate} is not supported yet`)
        : domainOf({ kind: 'string', collation: type.collate, isNewCollation: context.isNewCollation });
    case 'opaque':
      return refused(`telling ${typeName(type)} values apart is not supported yet`);
  }
}

/** A domain in which every value of a type is told from every other, byte by byte. */
export function exactDomain(type: FieldType): ComparisonDomain {
  switch (valueClassOf(type)) {
    case 'decimal':
      return { kind: 'decimal' };
    case 'real':
      return { kind: 'real' };
    case 'moment':
    case 'timestamp':
      return { kind: 'time' };
    case 'duration':
      return { kind: 'duration' };
    case 'string':
      return { kind: 'string', collation: 'binary', isNewCollation: true };
    case 'opaque': {
      const isBytes = type.tp === MysqlType.json || type.tp === MysqlType.vectorFloat32;
      return isBytes ? { kind: 'string', collation: 'binary', isNewCollation: true } : { kind: 'integer' };
    }
    case 'integer':
    case 'year':
    case 'null':
      return { kind: 'integer' };
  }
}

function domainOf(domain: ComparisonDomain): KeyDomain {
  return { kind: 'domain', domain };
}

function refused(reason: string): KeyDomain {
  return { kind: 'refused', reason };
}
