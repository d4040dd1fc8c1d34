// SPDX-License-Identifier: Apache-2.0

import { dryRunEngine } from '../../runtime/engines/dry-run.ts';
import { nativeEngine } from '../../runtime/engines/native.ts';
import { addon, cpus, namespaces } from '../requirements.ts';
import { conformance } from './conformance.ts';

conformance('dry-run', [], () => dryRunEngine()).run();
conformance('native', [addon, namespaces, cpus(2)], () => nativeEngine()).run();
