import { fieldsOf, type Field } from '../../formats/protobuf.js';
import { utf8 } from '../../formats/untrusted.js';
import { bytesField, messageOf, rewritten, textField } from './wire.js';

/** What names become, and what attributes of a call stand for, in the nodes of a function or a branch. */
export interface Scope {
  /** A value's name in the graph around. */
  rename(name: string): string;
  /** Name → AttributeProto, as the call says it. */
  readonly given: ReadonlyMap<string, Uint8Array>;
  readonly title: string;
  readonly where: string;
}

/** A NodeProto with other names. @throws FormatError */
export function renamedNode(node: Uint8Array, scope: Scope): Uint8Array {
  const { rename, title, where } = scope;
  return rewritten(node, where, (field) => {
    switch (field.number) {
      case 1:
      case 2:
        return [textField(field.number, rename(textOf(field)))];
      case 3:
        return [textField(3, `${title}/${textOf(field)}`)];
      case 5:
        return field.kind === 'bytes' ? attribute(field.value, scope) : [];
      default:
        return [field];
    }
  });
}

/** An attribute of a node inside; one that stands for an attribute of the call is that, or none where the call has none. */
function attribute(bytes: Uint8Array, scope: Scope): Field[] {
  const { given, where } = scope;
  const fields = [...fieldsOf(bytes, where)];
  const reference = fields.find(({ number }) => number === 21);
  if (reference !== undefined && textOf(reference) !== '') {
    const said = given.get(textOf(reference));
    const own = nameOf(bytes, where);
    if (said === undefined) return [];
    return [
      bytesField(
        5,
        rewritten(said, where, (field) => (field.number === 1 ? [textField(1, own)] : [field])),
      ),
    ];
  }
  const isGraph = (field: Field): field is Field & { kind: 'bytes' } =>
    (field.number === 6 || field.number === 11) && field.kind === 'bytes';
  return [
    bytesField(
      5,
      messageOf(
        fields.map((field) =>
          isGraph(field) ? bytesField(field.number, renamedGraph(field.value, scope)) : field,
        ),
      ),
    ),
  ];
}

/** A branch or a loop's body: its nodes, constants, inputs, outputs and what is told of its values. @throws FormatError */
export function renamedGraph(graph: Uint8Array, scope: Scope): Uint8Array {
  const { rename, where } = scope;
  const named = (bytes: Uint8Array, number: number): Uint8Array =>
    rewritten(bytes, where, (field) =>
      field.number === number ? [textField(number, rename(textOf(field)))] : [field],
    );
  return rewritten(graph, where, (field) => {
    if (field.kind !== 'bytes') return [field];
    switch (field.number) {
      case 1:
        return [bytesField(1, renamedNode(field.value, scope))];
      case 5:
        return [bytesField(5, named(field.value, 8))];
      case 11:
      case 12:
      case 13:
        return [bytesField(field.number, named(field.value, 1))];
      default:
        return [field];
    }
  });
}

/** Of an AttributeProto. */
export function nameOf(attributeProto: Uint8Array, where: string): string {
  for (const field of fieldsOf(attributeProto, where)) if (field.number === 1) return textOf(field);
  return '';
}

/** What a field spells; nothing for one that is no text. */
export function textOf(field: Field): string {
  return (field.kind === 'bytes' ? utf8(field.value) : undefined) ?? '';
}
