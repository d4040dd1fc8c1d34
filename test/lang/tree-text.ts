// SPDX-License-Identifier: Apache-2.0

import type { Block, Expression, LabLink, Setting, Statement } from '../../lang/syntax/ast.ts';
import { assertNever } from '../../lang/types.ts';

const all = (items: readonly string[]) => items.join(' ');

function expr(node: Expression): string {
  switch (node.kind) {
    case 'error':
      return '?';
    case 'number':
    case 'quantity':
      return node.image;
    case 'address':
      return `<${node.family} ${node.image}${node.prefix === null ? '' : `/${node.prefix}`}>`;
    case 'bool':
      return String(node.value);
    case 'text':
      return `'${node.parts.map((part) => (typeof part === 'string' ? part : `{${expr(part)}}`)).join('')}'`;
    case 'name':
      return node.name;
    case 'member':
      return `(. ${expr(node.object)} ${node.member.text})`;
    case 'call':
      return `(call ${all([expr(node.callee), ...node.args.map(({ name, value }) => `${name === null ? '' : `${name.text}:`}${expr(value)}`)])})`;
    case 'index':
      return `(at ${expr(node.object)} ${expr(node.index)})`;
    case 'list':
      return `[${all(node.items.map(expr))}]`;
    case 'range':
      return `(.. ${expr(node.first)} ${expr(node.last)}${node.step === null ? '' : ` step ${expr(node.step)}`})`;
    case 'unary':
      return `(${node.operator} ${expr(node.operand)})`;
    case 'binary':
      return `(${node.operator} ${expr(node.left)} ${expr(node.right)})`;
    case 'within':
      return `(within ${expr(node.actual)} ${expr(node.tolerance)} ${expr(node.target)})`;
    case 'group':
      return `(group ${expr(node.inner)})`;
    case 'pair':
      return `(: ${expr(node.left)} ${expr(node.right)})`;
    default:
      return assertNever(node);
  }
}

const maybe = (node: Expression | null) => (node === null ? '-' : expr(node));
const block = (node: Block) => `{${all(node.statements.map(show))}}`;
const setting = (node: Setting) => `${node.key.text}=${node.values.map(expr).join(',')}`;
const settings = (nodes: readonly Setting[]) => `{${all(nodes.map(setting))}}`;
const devices = (nodes: readonly Expression[]) => nodes.map(expr).join(',');

function link(node: LabLink): string {
  if (node.kind === 'veth') return `(veth ${node.a.text} ${node.b.text} ${settings(node.settings)})`;
  return `(ifb ${node.name.text} ${settings(node.settings)})`;
}

function show(node: Statement): string {
  switch (node.kind) {
    case 'error':
      return '?';
    case 'break':
    case 'continue':
      return node.kind;
    case 'param':
      return `(param ${node.name.text} ${node.type?.text ?? '-'} ${maybe(node.value)} ${maybe(node.help)})`;
    case 'let': {
      const { value } = node;
      const yields = ['add_device', 'rem_device', 'rem_device_all', 'at', 'every', 'spawn'].includes(value.kind);
      return `(let ${node.name.text} ${yields ? show(value as Statement) : expr(value as Expression)})`;
    }
    case 'assign':
    case 'frame':
      return `(${node.kind} ${node.name.text} ${expr(node.value)})`;
    case 'for':
      return `(for ${node.name.text} ${expr(node.over)} ${block(node.body)})`;
    case 'while':
      return `(while ${expr(node.condition)} ${block(node.body)})`;
    case 'repeat':
      return `(repeat ${expr(node.times)} ${block(node.body)})`;
    case 'if': {
      const { otherwise } = node;
      const rest = otherwise === null ? '-' : otherwise.kind === 'if' ? show(otherwise) : block(otherwise);
      return `(if ${expr(node.condition)} ${block(node.then)} ${rest})`;
    }
    case 'try':
      return `(try ${block(node.body)} ${node.otherwise === null ? '-' : block(node.otherwise)})`;
    case 'lab':
      return `(lab ${all(node.links.map(link))})`;
    case 'receiver':
      return `(receiver ${node.name.text} ${maybe(node.on)} ${settings(node.settings)})`;
    case 'scenario':
      return `(scenario ${expr(node.name)}${node.each === null ? '' : ` ${node.each.name.text} ${expr(node.each.over)}`} ${block(node.body)})`;
    case 'add_device':
      return `(add_device ${expr(node.name)} ${expr(node.cpu)} ${settings(node.settings)})`;
    case 'rem_device':
      return `(rem_device ${devices(node.devices)}${node.async ? ' async' : ''})`;
    case 'rem_device_all':
      return `(rem_device_all ${maybe(node.cpu)}${node.async ? ' async' : ''})`;
    case 'set':
      return `(set ${devices(node.devices)} ${node.short ? 'short ' : ''}${settings(node.settings)})`;
    case 'control':
      return `(${node.verb}${node.devices.length > 0 ? ` ${devices(node.devices)}` : ''})`;
    case 'wait':
      return `(wait ${expr(node.duration)})`;
    case 'wait_stopped':
      return `(wait_stopped ${maybe(node.timeout)})`;
    case 'wait_until':
      return `(wait_until ${expr(node.condition)} ${maybe(node.timeout)})`;
    case 'at':
      return `(at ${expr(node.time)} ${block(node.body)})`;
    case 'every':
      return `(every ${expr(node.period)} ${block(node.body)})`;
    case 'spawn':
      return `(spawn ${block(node.body)})`;
    case 'await':
      return `(await ${maybe(node.target)})`;
    case 'cancel':
      return `(cancel ${expr(node.job)})`;
    case 'sync':
      return `(sync ${maybe(node.timeout)})`;
    case 'abort_when':
      return `(abort_when ${expr(node.condition)})`;
    case 'import':
      return `(import ${expr(node.path)} ${node.alias.text})`;
    case 'setup':
    case 'teardown':
      return `(${node.kind} ${block(node.body)})`;
    case 'expect':
    case 'require':
      return `(${node.kind} ${expr(node.condition)} ${maybe(node.label)}${node.eventually ? ` ${maybe(node.timeout)}` : ''})`;
    case 'fn': {
      const parameters = node.parameters.map(({ name, type }) => `${name.text}: ${type.text}`);
      return `(fn ${[node.name.text, ...parameters].join(' ')} ${block(node.body)})`;
    }
    case 'return':
      return `(return ${maybe(node.value)})`;
    case 'call_statement':
      return expr(node.call);
    case 'link':
      return `(link ${expr(node.on)} ${node.change}${node.name === null ? '' : ` ${expr(node.name)}`})`;
    case 'show':
      return `(show ${expr(node.target)})`;
    case 'print':
      return `(print ${node.values.map(expr).join(', ')})`;
    default:
      return assertNever(node);
  }
}

/** Statements as text, one blank between them. */
export const treeText = (statements: readonly Statement[]): string => all(statements.map(show));
