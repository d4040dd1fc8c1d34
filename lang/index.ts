// SPDX-License-Identifier: Apache-2.0

/** The public surface of the language: text in, diagnostics and control operations out. */
export { type Assembled, type AssembleOptions, assemble, largestFrame } from './assemble.ts';
export { type Bounds, boundsProblem } from './bounds.ts';
export { type Compiled, compile } from './compiler.ts';
export type { Code, Diagnostic, Label, Severity } from './diagnostic.ts';
export { elementCount, elements } from './elements.ts';
export { type Environment, evaluate, nameOf, type Reading, type ResolvedMetricSource } from './evaluate.ts';
export { type Fact, facts } from './facts.ts';
export { diagnosticFrom, type Failure, type Outcome, type Unplaced } from './failure.ts';
export { type Formatted, format } from './formatter.ts';
export type { Imported, ImportReader } from './imports.ts';
export { formatValue, parseValue } from './literals.ts';
export { deviceMetrics, graceMetrics, type Metric, receiverMetrics } from './metrics.ts';
export { type DeviceParameter, deviceParameters, paceParameters } from './parameters.ts';
export { parse } from './parser.ts';
export { protocols } from './protocols.ts';
export { render, renderAll } from './render.ts';
export { SourceFile, type Span } from './source.ts';
export { nearest } from './suggest.ts';
export { displayType, typeOf } from './types.ts';
export type { ScalarType, Type, Value } from './value.ts';
