/** The simulator behind the wire: `node adapters/simulator/main.ts --kernel 6.1`. */
import { keepCompiled } from '../compile-cache.ts';

keepCompiled();
const { serve } = await import('./serve.ts');
await serve();
