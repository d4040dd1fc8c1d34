// SPDX-License-Identifier: Apache-2.0

import type { Span } from '../source.ts';

/**
 * The syntax tree: what the parser saw, nothing resolved. Every node has a `kind` and the `span` that it covers.
 * An `error` node stands where recovery left a hole; every later pass passes over it in silence, so that no
 * diagnostic is caused by another.
 */

/** A name as written, with its place: `rx0`, or `tx0@1` where a device may stand. */
export interface Name {
  readonly text: string;
  readonly span: Span;
}

/** A piece of an interpolated string: literal text, or the expression of one `${…}`. */
export type TextPart = string | Expression;

export type UnaryOperator = '-' | '!';
export type BinaryOperator = '+' | '-' | '*' | '/' | '<' | '<=' | '>' | '>=' | '==' | '!=' | '&&' | '||';

export type AddressFamily = 'mac' | 'ipv4' | 'ipv6';

interface Node<Kind extends string> {
  readonly kind: Kind;
  readonly span: Span;
}

export interface ErrorNode extends Node<'error'> {}

/** A plain number, decimal or `0x…`; `image` is the text as written. */
export interface NumberLiteral extends Node<'number'> {
  readonly image: string;
}
/** A number with a unit, `250kpps`, `1%`; split and judged by the checker. */
export interface QuantityLiteral extends Node<'quantity'> {
  readonly image: string;
}
/** An address shape, not yet judged: two colons or more are MAC or IPv6, two dots or more IPv4; `/len` makes a prefix. */
export interface AddressLiteral extends Node<'address'> {
  readonly family: AddressFamily;
  readonly image: string;
  readonly prefix: number | null;
}
export interface BoolLiteral extends Node<'bool'> {
  readonly value: boolean;
}
export interface TextLiteral extends Node<'text'> {
  readonly parts: readonly TextPart[];
}
/** A name in an expression: a variable, frame, interface, receiver, device (`tx0@1`), or a metric family (`grace`). */
export interface NameExpression extends Node<'name'> {
  readonly name: string;
}
/** `object.member`; chains nest: `tx0.gap.p99` is (tx0.gap).p99. */
export interface MemberExpression extends Node<'member'> {
  readonly object: Expression;
  readonly member: Name;
}
/** `callee(args)`; callee is a name (`min(…)`) or a member (`rx0.from(tx0@0)`, `dut.stat("…")`). */
export interface CallExpression extends Node<'call'> {
  readonly callee: NameExpression | MemberExpression;
  readonly args: readonly Argument[];
}
/** A positional (`name` null) or named (`dst: …`) argument. */
export interface Argument {
  readonly name: Name | null;
  readonly value: Expression;
  readonly span: Span;
}
export interface IndexExpression extends Node<'index'> {
  readonly object: Expression;
  readonly index: Expression;
}
export interface ListExpression extends Node<'list'> {
  readonly items: readonly Expression[];
}
/** `first..last` with an optional `step n`; binds weaker than arithmetic. */
export interface RangeExpression extends Node<'range'> {
  readonly first: Expression;
  readonly last: Expression;
  readonly step: Expression | null;
}
export interface UnaryExpression extends Node<'unary'> {
  readonly operator: UnaryOperator;
  readonly operand: Expression;
}
/** Arithmetic, comparison, logic; `/` between layers stacks a frame. `operatorStart` is where the operator begins. */
export interface BinaryExpression extends Node<'binary'> {
  readonly operator: BinaryOperator;
  readonly operatorStart: number;
  readonly left: Expression;
  readonly right: Expression;
}
/** `actual within tolerance of target`. */
export interface WithinExpression extends Node<'within'> {
  readonly actual: Expression;
  readonly tolerance: Expression;
  readonly target: Expression;
}
/** Written parentheses, kept so that the formatter can keep them. */
export interface GroupExpression extends Node<'group'> {
  readonly inner: Expression;
}
/** `60B:7`, a size and its weight; only as the value of a setting. */
export interface PairExpression extends Node<'pair'> {
  readonly left: Expression;
  readonly right: Expression;
}

export type Expression =
  | ErrorNode
  | NumberLiteral
  | QuantityLiteral
  | AddressLiteral
  | BoolLiteral
  | TextLiteral
  | NameExpression
  | MemberExpression
  | CallExpression
  | IndexExpression
  | ListExpression
  | RangeExpression
  | UnaryExpression
  | BinaryExpression
  | WithinExpression
  | GroupExpression
  | PairExpression;

// --- statements -----------------------------------------------------------------------------------------------------

export interface Block extends Node<'block'> {
  readonly statements: readonly Statement[];
}

/** `param name = default "help"` or `param name: type = default "help"`. */
export interface ParamStatement extends Node<'param'> {
  readonly name: Name;
  readonly type: Name | null;
  readonly value: Expression | null;
  readonly help: TextLiteral | null;
}
/** `let name = value`; the value may be an operation that yields something (`let g = rem_device tx0 async`). */
export interface LetStatement extends Node<'let'> {
  readonly name: Name;
  readonly value: Expression | YieldingStatement;
}
export interface AssignStatement extends Node<'assign'> {
  readonly name: Name;
  readonly value: Expression;
}
/** `frame name = eth(…) / ipv4(…) / …`. */
export interface FrameStatement extends Node<'frame'> {
  readonly name: Name;
  readonly value: Expression;
}
/** `import "./frames.pg" as lib`. */
export interface ImportStatement extends Node<'import'> {
  readonly path: TextLiteral;
  readonly alias: Name;
}
/** `fn name(parameter: type, …) { … }`. */
export interface FnStatement extends Node<'fn'> {
  readonly name: Name;
  readonly parameters: readonly FnParameter[];
  readonly body: Block;
}
export interface FnParameter {
  readonly name: Name;
  readonly type: Name;
  readonly span: Span;
}
/** `return`, or `return x`. */
export interface ReturnStatement extends Node<'return'> {
  readonly value: Expression | null;
}
/** A call that stands alone. */
export interface CallStatement extends Node<'call_statement'> {
  readonly call: CallExpression;
}
export interface ForStatement extends Node<'for'> {
  readonly name: Name;
  readonly over: Expression;
  readonly body: Block;
}
export interface WhileStatement extends Node<'while'> {
  readonly condition: Expression;
  readonly body: Block;
}
export interface RepeatStatement extends Node<'repeat'> {
  readonly times: Expression;
  readonly body: Block;
}
export interface BreakStatement extends Node<'break'> {}
export interface ContinueStatement extends Node<'continue'> {}
/** `otherwise` is a block, or the next `if` of an `else if` chain. */
export interface IfStatement extends Node<'if'> {
  readonly condition: Expression;
  readonly then: Block;
  readonly otherwise: Block | IfStatement | null;
}
/** `try { … } else { print error }`. */
export interface TryStatement extends Node<'try'> {
  readonly body: Block;
  readonly otherwise: Block | null;
}

/** `lab { veth tx0 <-> rx0 { mtu 9000B }; ifb sink0 }`. */
export interface LabStatement extends Node<'lab'> {
  readonly links: readonly LabLink[];
}
export interface LabVeth extends Node<'veth'> {
  readonly a: Name;
  readonly b: Name;
  readonly settings: readonly Setting[];
}
export interface LabIfb extends Node<'ifb'> {
  readonly name: Name;
  readonly settings: readonly Setting[];
}
export type LabLink = LabVeth | LabIfb;

/** `receiver rx0`, `receiver sink on rx0 { settle 2s }`; `on` is null in the short form. */
export interface ReceiverStatement extends Node<'receiver'> {
  readonly name: Name;
  readonly on: Expression | null;
  readonly settings: readonly Setting[];
}

/** `scenario "name" { … }`, or `scenario "name" for size in [64B, 128B] { … }`. */
export interface ScenarioStatement extends Node<'scenario'> {
  readonly name: TextLiteral;
  readonly each: { readonly name: Name; readonly over: Expression } | null;
  readonly body: Block;
}

/** One line of a device, receiver, link or `set` block: a key and its comma list of values (none for a bare word). */
export interface Setting extends Node<'setting'> {
  readonly key: Name;
  readonly values: readonly Expression[];
}

/** `add_device NAME on cpu N { … }`. The name is a `name` or `text` expression. */
export interface AddDeviceStatement extends Node<'add_device'> {
  readonly name: Expression;
  readonly cpu: Expression;
  readonly settings: readonly Setting[];
}
/** `rem_device A, B [async]`. */
export interface RemDeviceStatement extends Node<'rem_device'> {
  readonly devices: readonly Expression[];
  readonly async: boolean;
}
/** `rem_device_all [on cpu N] [async]`. */
export interface RemDeviceAllStatement extends Node<'rem_device_all'> {
  readonly cpu: Expression | null;
  readonly async: boolean;
}
/** `set A, B rate 5kpps` or `set A { rate 5kpps; pkt_size 60B }`; `short` tells the one-line form. */
export interface SetStatement extends Node<'set'> {
  readonly devices: readonly Expression[];
  readonly settings: readonly Setting[];
  readonly short: boolean;
}
/** `start`, `stop`, `reset`, `clear_counters`, with the devices named; an empty list means all. */
export interface ControlStatement extends Node<'control'> {
  readonly verb: 'start' | 'stop' | 'reset' | 'clear_counters';
  readonly devices: readonly Expression[];
}
/** `wait 2s`. */
export interface WaitStatement extends Node<'wait'> {
  readonly duration: Expression;
}
/** `wait stopped [timeout D]`. */
export interface WaitStoppedStatement extends Node<'wait_stopped'> {
  readonly timeout: Expression | null;
}
/** `wait until EXPR timeout D`; `timeout` is null only after an error was reported. */
export interface WaitUntilStatement extends Node<'wait_until'> {
  readonly condition: Expression;
  readonly timeout: Expression | null;
}
export interface AtStatement extends Node<'at'> {
  readonly time: Expression;
  readonly body: Block;
}
export interface EveryStatement extends Node<'every'> {
  readonly period: Expression;
  readonly body: Block;
}
export interface SpawnStatement extends Node<'spawn'> {
  readonly body: Block;
}
/** `await job`, `await grace`, or a bare `await`: everything that this job spawned. */
export interface AwaitStatement extends Node<'await'> {
  readonly target: Expression | null;
}
export interface CancelStatement extends Node<'cancel'> {
  readonly job: Expression;
}
export interface SyncStatement extends Node<'sync'> {
  readonly timeout: Expression | null;
}
export interface AbortWhenStatement extends Node<'abort_when'> {
  readonly condition: Expression;
}
/** `setup { … }` or `teardown { … }`: what is carried out around every scenario. */
export interface AroundStatement extends Node<'setup' | 'teardown'> {
  readonly body: Block;
}
/** `expect EXPR ["label"]`, `require …`; `eventually` before the condition wants a `timeout` (null only after an error). */
export interface ExpectStatement extends Node<'expect' | 'require'> {
  readonly condition: Expression;
  readonly eventually: boolean;
  readonly timeout: Expression | null;
  readonly label: TextLiteral | null;
}
export interface PrintStatement extends Node<'print'> {
  readonly values: readonly Expression[];
}

/** What happens to an interface of the lab. */
export type LinkChange = 'down' | 'up' | 'delete' | 'rename';
/** `link tx0 down`, `link tx0 rename tx9`; `name` is null unless it is renamed. */
export interface LinkStatement extends Node<'link'> {
  readonly on: Expression;
  readonly change: LinkChange;
  readonly name: Expression | null;
}
/** `show devices`, `show tx0@0`. */
export interface ShowStatement extends Node<'show'> {
  readonly target: Expression;
}

/** Statements that give a value: after `let x =` they bind a device, grace or job. */
export type YieldingStatement =
  | AddDeviceStatement
  | RemDeviceStatement
  | RemDeviceAllStatement
  | AtStatement
  | EveryStatement
  | SpawnStatement;

export type Statement =
  | ErrorNode
  | ParamStatement
  | LetStatement
  | AssignStatement
  | FrameStatement
  | ImportStatement
  | FnStatement
  | ReturnStatement
  | CallStatement
  | ForStatement
  | WhileStatement
  | RepeatStatement
  | BreakStatement
  | ContinueStatement
  | IfStatement
  | TryStatement
  | LabStatement
  | ReceiverStatement
  | ScenarioStatement
  | YieldingStatement
  | SetStatement
  | ControlStatement
  | WaitStatement
  | WaitStoppedStatement
  | WaitUntilStatement
  | AwaitStatement
  | CancelStatement
  | SyncStatement
  | AbortWhenStatement
  | AroundStatement
  | ExpectStatement
  | PrintStatement
  | LinkStatement
  | ShowStatement;

/** A whole file, in source order. */
export interface File extends Node<'file'> {
  readonly statements: readonly Statement[];
}
