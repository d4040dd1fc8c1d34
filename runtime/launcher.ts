// SPDX-License-Identifier: Apache-2.0
//
// dist/pktsh.js: starts the bundled cli.ts.

import { CompiledCode } from './compiled-code.ts';

new CompiledCode(__dirname).run();
