// SPDX-License-Identifier: Apache-2.0

export { type Bounds, boundsProblem } from './bounds.ts';
export { type Compiled, compile } from './compiler.ts';
export type { Code, Diagnostic, Label, Severity } from './diagnostics/diagnostic.ts';
export { diagnosticFrom, type Failure, type Outcome, type Unplaced } from './diagnostics/failure.ts';
export { render, renderAll } from './diagnostics/render.ts';
export { nearest } from './diagnostics/suggest.ts';
export { elementCount, elements } from './elements.ts';
export { type Environment, evaluate, nameOf, type Reading, type ResolvedMetricSource } from './evaluate.ts';
export { type Fact, facts } from './facts.ts';
export { type Formatted, format } from './format/formatter.ts';
/** The public surface of the language: text in, diagnostics and control operations out. */
export { type Assembled, type AssembleOptions, assemble, largestFrame } from './frame/assemble.ts';
export { protocols } from './frame/protocols.ts';
export type { Imported, ImportReader } from './imports.ts';
export { deviceMetrics, graceMetrics, type Metric, receiverMetrics } from './metrics.ts';
export { type DeviceParameter, deviceParameters, paceParameters } from './parameters.ts';
export { type Addition, type Entered, enter, openSession, type Session } from './session.ts';
export { SourceFile, type Span } from './source.ts';
export { formatValue, parseValue } from './syntax/literals.ts';
export { parse } from './syntax/parser.ts';
export { displayType, typeOf } from './types.ts';
export type { ScalarType, Type, Value } from './value.ts';
