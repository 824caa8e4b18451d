import { PageDevice } from './page-device.ts';

/** Wrong on purpose: its `write` moves the position, which the contract says it leaves alone. */
export class WrongDevice extends PageDevice {
  protected override get writeMovesPosition(): boolean {
    return true;
  }
}
