// SPDX-License-Identifier: Apache-2.0

import { dryRunEngine } from '../../runtime/engines/dry-run.ts';
import { conformance } from './conformance.ts';

conformance('dry-run', async () => dryRunEngine()).run();
