// SPDX-License-Identifier: Apache-2.0

import type { Diagnostic } from '../../lang/diagnostics/diagnostic.ts';
import { failureFrom } from '../../lang/diagnostics/failure.ts';
import { didYouMean } from '../../lang/diagnostics/suggest.ts';
import type { Reading } from '../../lang/evaluate.ts';
import type { Span } from '../../lang/source.ts';
import type { Value } from '../../lang/value.ts';
import { report } from '../catalogue.ts';
import type { InterfaceTable } from './interfaces.ts';

/** The span of what has none; evaluation puts the expression's in its place. */
const nowhere: Span = { start: 0, end: 0 };

/** A fact of an interface in the type that lang/facts.ts gives it, or why it is not known; `argument` for `stat`. */
export function factOf(interfaces: InterfaceTable, name: string, fact: string, argument: string | null): Reading {
  const facts = interfaces.get(name);
  if (facts === null) return refuse(report('PG6003', { name }, nowhere));
  const unknown = (reason: string): Reading => {
    return refuse(report('PG6302', { interface: name, fact }, nowhere, { hints: [reason] }));
  };
  switch (fact) {
    case 'mac':
      return known({ type: 'mac', value: facts.mac });
    case 'ip':
      return facts.ipv4 === null ? unknown('it has no IPv4 address') : known({ type: 'ipv4', value: facts.ipv4 });
    case 'mtu':
      return known({ type: 'size', value: facts.mtu });
    case 'speed':
      if (facts.speed === null)
        return unknown('its driver tells none: a veth has no speed, nor has a link that is down');
      return known({ type: 'bps', value: facts.speed });
    case 'queues':
      return known({ type: 'number', value: facts.queues });
    case 'numa_cpus': {
      if (facts.numa.kind === 'unknown') return unknown(facts.numa.reason);
      return known({ type: 'list', items: facts.numa.cpus.map((value) => ({ type: 'number', value })) });
    }
    case 'up':
      return known({ type: 'bool', value: facts.up && facts.carrier });
    case 'stat':
      return counter(interfaces, name, argument ?? '');
    default:
      throw new Error(`fact ${fact} passed the checker, but nothing reads it`);
  }
}

function counter(interfaces: InterfaceTable, name: string, wanted: string): Reading {
  const found = interfaces.statistic(name, wanted);
  if (typeof found === 'number') return known({ type: 'number', value: found });
  const hints = found.length === 0 ? ['it tells none at all'] : didYouMean(wanted, found, 'it has');
  return refuse(report('PG6304', { interface: name, counter: wanted }, nowhere, { hints }));
}

function known(value: Value): Reading {
  return { ok: true, value };
}

function refuse(diagnostic: Diagnostic): Reading {
  return { ok: false, failure: failureFrom(diagnostic) };
}
