// SPDX-License-Identifier: Apache-2.0

import { dryRunEngine } from '../../runtime/engines/dry-run.ts';
import { nativeEngine } from '../../runtime/engines/native.ts';
import { addon, cpus, namespaces } from '../requirements.ts';
import { conformance } from './conformance.ts';
import { frameCases } from './conformance-frames.ts';
import { lifecycleCases } from './conformance-lifecycle.ts';
import { linkCases } from './conformance-links.ts';

conformance('dry-run', [], () => dryRunEngine()).run();
conformance('native', [addon, namespaces, cpus(2)], () => nativeEngine()).run();

conformance('dry-run: frames', [], () => dryRunEngine(), frameCases).run();
conformance('native: frames', [addon, namespaces, cpus(2)], () => nativeEngine(), frameCases).run();

conformance('dry-run: links', [], () => dryRunEngine(), linkCases).run();
conformance('native: links', [addon, namespaces, cpus(2)], () => nativeEngine(), linkCases).run();

conformance('dry-run: lifecycle', [], () => dryRunEngine(), lifecycleCases).run();
conformance('native: lifecycle', [addon, namespaces, cpus(2)], () => nativeEngine(), lifecycleCases).run();
