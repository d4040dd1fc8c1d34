// SPDX-License-Identifier: Apache-2.0

import type { Layer } from './frame/layer.ts';
import type { ImportedText, Span } from './source.ts';
import type { BinaryOperator, LinkChange, UnaryOperator } from './syntax/ast.ts';
import type { ScalarType, Value } from './value.ts';

/**
 * Control operations: what the compiler makes of a checked file, and the only contract between lang and runtime. All of
 * it is plain JSON. Names are resolved and types are checked, so whoever carries a program out meets no user mistake
 * that could have been found before; expressions stay expressions, since most depend on the run.
 */
export const programSchema = 'pktsh.program/1';

export interface Program {
  readonly schema: typeof programSchema;
  /** The file's name as given, its text and those that it imports, so that diagnostics of a run can show the line. */
  readonly source: { readonly name: string; readonly text: string; readonly imported: readonly ImportedText[] };
  readonly params: readonly Param[];
  /** Null where the file declares none. */
  readonly lab: Lab | null;
  /** User functions, each before the ones that call it. */
  readonly functions: readonly UserFunction[];
  readonly scenarios: readonly Scenario[];
}

/**
 * A function of the file. Its body sees its parameters and what the top level of the scenario declares, never what stands
 * around a call; it comes to `return`, which a function that gives a value reaches on every path.
 */
export interface UserFunction {
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly type: ScalarType }[];
  readonly body: readonly Op[];
  readonly span: Span;
}

/** A parameter of the file: its value is the default unless `--set` gives one; without default it must be given. */
export interface Param {
  readonly name: string;
  readonly type: ScalarType;
  readonly value: Expr | null;
  readonly help: string | null;
  readonly span: Span;
}

export interface Lab {
  readonly links: readonly Link[];
  readonly span: Span;
}
/** `mtu` in bytes, null for the default of 1500. */
export type Link =
  | { readonly kind: 'veth'; readonly a: string; readonly b: string; readonly mtu: Expr | null; readonly span: Span }
  | { readonly kind: 'ifb'; readonly name: string; readonly mtu: Expr | null; readonly span: Span };

export interface Scenario {
  /** '' for the unnamed scenario of a file's top level. */
  readonly name: string;
  /** The values that it is carried out for, one after the other and with a verdict each; null where it has none. */
  readonly each: ScenarioValues | null;
  readonly span: Span;
  /** Opened before the first operation. */
  readonly receivers: readonly Receiver[];
  /** What the top level gives to every scenario, `let` and `frame`: evaluated anew before anything else. */
  readonly prelude: readonly Op[];
  /** The file's `setup`, with variables of its own. */
  readonly setup: readonly Op[];
  readonly body: readonly Op[];
  /** The file's `teardown`: carried out once the prelude was, however the rest ended; variables of its own. */
  readonly teardown: readonly Op[];
}

/**
 * `over` is a list with one expression for each value, evaluated behind the prelude, or a list or range that parameters and
 * constants settle before the first scenario.
 */
export interface ScenarioValues {
  readonly name: string;
  readonly over: Expr;
}

export interface Receiver {
  readonly name: string;
  /** The interface that it listens on. */
  readonly on: Expr;
  /** How long it must see nothing before `stop` returns; null for 100 ms. */
  readonly settle: Expr | null;
  /** Devices whose frames it expects; null: those on the veth peer in a lab, elsewhere every device on another interface. */
  readonly expects: readonly Expr[] | null;
  readonly span: Span;
}

// --- expressions ------------------------------------------------------------------------------------------------------

/** Functions that expressions call; those of the file are called by operations. */
export type BuiltinFunction = 'min' | 'max' | 'floor' | 'round' | 'len' | 'wire' | 'pick' | 'addr';

/** Whose metric is meant: a device, the totals over devices or receivers, a receiver (of one sender: `from`), grace. */
export type MetricSource =
  | { readonly kind: 'device'; readonly device: Expr }
  | { readonly kind: 'devices' }
  | { readonly kind: 'receiver'; readonly receiver: Expr; readonly from: Expr | null }
  | { readonly kind: 'receivers' }
  | { readonly kind: 'grace' };

interface ExprNode<Kind extends string> {
  readonly kind: Kind;
  readonly span: Span;
}
export type Expr =
  | (ExprNode<'constant'> & { readonly value: Value })
  | (ExprNode<'variable'> & { readonly name: string })
  | (ExprNode<'text'> & { readonly parts: readonly (string | Expr)[] })
  | (ExprNode<'list'> & { readonly items: readonly Expr[] })
  | (ExprNode<'range'> & { readonly first: Expr; readonly last: Expr; readonly step: Expr | null })
  | (ExprNode<'index'> & { readonly list: Expr; readonly index: Expr })
  | (ExprNode<'unary'> & { readonly operator: UnaryOperator; readonly operand: Expr })
  | (ExprNode<'binary'> & { readonly operator: BinaryOperator; readonly left: Expr; readonly right: Expr })
  | (ExprNode<'within'> & { readonly actual: Expr; readonly tolerance: Expr; readonly target: Expr })
  | (ExprNode<'call'> & { readonly function: BuiltinFunction; readonly args: readonly Expr[] })
  /** `.first` and `.last` of a prefix or range. */
  | (ExprNode<'end'> & { readonly of: Expr; readonly end: 'first' | 'last' })
  /** `metric` is the dotted path, `latency.p99`, `achieved.bps`. */
  | (ExprNode<'metric'> & { readonly source: MetricSource; readonly metric: string })
  /** `rx0.mac`, `dut.stat("…")`. */
  | (ExprNode<'fact'> & { readonly interface: Expr; readonly fact: string; readonly argument: Expr | null })
  /** Time since the run began. */
  | ExprNode<'elapsed'>
  /** The message of the failure that a `try … else` caught. */
  | ExprNode<'caught'>
  /** Layers from outermost in; a part that is an expression of type frame is spliced in. */
  | (ExprNode<'frame'> & { readonly parts: readonly (Layer<Expr> | Expr)[] });

// --- operations -------------------------------------------------------------------------------------------------------

/** One parameter of a device, by pktgen's name, with its values evaluated when the operation is carried out. */
export interface Parameter {
  readonly name: string;
  readonly values: readonly Expr[];
  readonly span: Span;
}

/** Which devices an operation means: names in order, or null for all. */
export type DeviceList = readonly Expr[] | null;

/** What `show` prints: all of a kind, a file of pktgen's, or the device, receiver or interface of a name. */
export type ShowTarget =
  | { readonly kind: 'devices' | 'threads' | 'receivers' | 'interfaces' | 'grace' | 'pgctrl' }
  | { readonly kind: 'kpktgend'; readonly cpu: number }
  | { readonly kind: 'named'; readonly name: Expr };

/** Every variable is declared by exactly one `let`; names are unique in their scope (no shadowing). */
interface OpNode<Kind extends string> {
  readonly op: Kind;
  readonly span: Span;
}
/** An operation that yields a device, job or grace; `bind` names the variable that gets it, null if none. */
interface YieldingOp<Kind extends string> extends OpNode<Kind> {
  readonly bind: string | null;
}

export type Op =
  // structure
  | (OpNode<'let'> & { readonly name: string; readonly value: Expr })
  | (OpNode<'assign'> & { readonly name: string; readonly value: Expr })
  | (OpNode<'if'> & { readonly condition: Expr; readonly then: readonly Op[]; readonly otherwise: readonly Op[] })
  | (OpNode<'for'> & { readonly name: string; readonly over: Expr; readonly body: readonly Op[] })
  | (OpNode<'while'> & { readonly condition: Expr; readonly body: readonly Op[] })
  | (OpNode<'repeat'> & { readonly times: Expr; readonly body: readonly Op[] })
  | OpNode<'break'>
  | OpNode<'continue'>
  | (OpNode<'try'> & { readonly body: readonly Op[]; readonly otherwise: readonly Op[] })
  // functions; a call inside an expression stands before the operation, and the expression holds the variable it binds
  | (YieldingOp<'call'> & { readonly function: string; readonly args: readonly Expr[] })
  | (OpNode<'return'> & { readonly value: Expr | null })
  // thread and device
  | (YieldingOp<'add_device'> & { readonly name: Expr; readonly cpu: Expr; readonly parameters: readonly Parameter[] })
  | (YieldingOp<'rem_device'> & { readonly devices: readonly Expr[]; readonly async: boolean })
  | (YieldingOp<'rem_device_all'> & { readonly cpu: Expr | null; readonly async: boolean })
  | (OpNode<'set'> & { readonly devices: DeviceList; readonly parameters: readonly Parameter[] })
  // control
  | (OpNode<'start'> & { readonly devices: DeviceList })
  | (OpNode<'stop'> & { readonly devices: DeviceList })
  | OpNode<'reset'>
  | (OpNode<'clear_counters'> & { readonly devices: DeviceList })
  // time
  | (OpNode<'wait'> & { readonly duration: Expr })
  | (OpNode<'wait_stopped'> & { readonly timeout: Expr | null })
  | (OpNode<'wait_until'> & { readonly condition: Expr; readonly timeout: Expr; readonly text: string })
  | (YieldingOp<'at'> & { readonly time: Expr; readonly body: readonly Op[] })
  | (YieldingOp<'every'> & { readonly period: Expr; readonly body: readonly Op[] })
  // jobs and grace periods
  | (YieldingOp<'spawn'> & { readonly body: readonly Op[] })
  | (OpNode<'await'> & { readonly target: Expr | null })
  | (OpNode<'cancel'> & { readonly job: Expr })
  | (OpNode<'sync'> & { readonly timeout: Expr | null })
  // measure; `text` is the condition as written
  | (OpNode<'abort_when'> & { readonly condition: Expr; readonly text: string })
  /** `required`: ends the scenario unless it holds. With a `timeout` it has until then to come true. */
  | (OpNode<'expect'> & {
      readonly condition: Expr;
      readonly timeout: Expr | null;
      readonly label: Expr | null;
      readonly required: boolean;
      readonly text: string;
    })
  | (OpNode<'print'> & { readonly values: readonly Expr[] })
  | (OpNode<'show'> & { readonly target: ShowTarget })
  // interfaces of the lab; `name` is null unless it is renamed
  | (OpNode<'link'> & { readonly interface: Expr; readonly change: LinkChange; readonly name: Expr | null });

/** The operation of one kind. */
export type OpOf<Kind extends Op['op']> = Extract<Op, { readonly op: Kind }>;
