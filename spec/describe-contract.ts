import { type Contract, DEFAULT_MODE, loggedCallbacks, placementOf } from './contract.ts';

/** What a contract means, in sentences about what a program sees. */
export function describeContract(contract: Contract): string[] {
  return [
    node(contract),
    buffer(contract),
    ...mapping(contract),
    areas(contract),
    ...transfers(contract),
    log(contract),
  ];
}

function node({ name, node: { kind, path, mode = DEFAULT_MODE } }: Contract): string {
  const what = kind === 'proc' ? 'a file of /proc, never executable' : 'a character device';
  return `${name} is ${what}, opened as ${path}, with mode ${mode}.`;
}

function buffer({ buffer: { owner, pages, initial }, fault }: Contract): string {
  const size = count(pages, 'page');
  const whose =
    owner === 'device'
      ? `The device has one buffer of ${size}, which every open shows`
      : `Each open has a buffer of its own of ${size}, which ends with its last descriptor and mapping`;
  const bytes = initial === '' ? 'all zero' : `beginning with ${JSON.stringify(initial)} and zero behind it`;
  const shown =
    fault === 'first' ? 'every page of a mapping shows its first page' : 'page n of it is shown at page offset n';
  return `${whose}, ${bytes} at first; ${shown}.`;
}

const RANGES = {
  any: 'mmap takes any offset and length',
  buffer: 'mmap takes what lies within the buffer',
  whole: 'mmap takes all pages of the buffer from offset 0, and nothing else',
} as const;

function mapping(contract: Contract): string[] {
  const { range, refusal = 'EINVAL', private: ofPrivate = 'mapped' } = contract.mmap;
  const refused = [range === 'any' ? '' : 'other ranges', ofPrivate === 'refused' ? 'MAP_PRIVATE' : '']
    .filter((what) => what !== '')
    .join(' and ');
  const refuses = refused === '' ? '' : `; ${refused} ${refused.includes(' and ') ? 'fail' : 'fails'} with ${refusal}`;
  return [`${RANGES[range]}${refuses}.`, placementOf(contract).sentence];
}

function areas({ mmap: { flags, callsVmOpen }, vmOperations }: Contract): string {
  const set =
    flags.length === 0 ? 'sets no flags' : `sets ${flags.map((flag) => `VM_${flag.toUpperCase()}`).join(', ')}`;
  const has = [vmOperations.open ? 'vm_open' : '', vmOperations.close ? 'vm_close' : ''].filter((name) => name !== '');
  const calls = vmOperations.open && callsVmOpen ? '; mmap calls vm_open itself' : '';
  const operations = has.length === 0 ? 'has neither vm_open nor vm_close' : `has ${has.join(' and ')}${calls}`;
  return `The driver ${set} and ${operations}.`;
}

function transfers({ read, write, positioned, lseek }: Contract): string[] {
  const reading =
    read === undefined
      ? 'There is no read: it fails with EINVAL.'
      : `read reaches ${count(read.size, 'byte')} from the position and returns 0 behind them.`;
  return [reading, writing(write), positions(positioned, lseek)];
}

function writing(write: Contract['write']): string {
  if (write === undefined) return 'There is no write: it fails with EINVAL.';
  const where =
    write.position === 'honoured'
      ? 'at the position, which moves on'
      : 'at the start of the buffer, whatever the position';
  const end = write.atEnd === 'ENOSPC' ? 'fails with ENOSPC' : 'returns 0';
  const returns = write.returns === 'length' ? 'the length asked for' : 'what it has copied';
  const atEnd = write.position === 'honoured' ? `; at the end it ${end}` : '';
  return `write reaches ${count(write.size, 'byte')}, ${where}, and returns ${returns}${atEnd}.`;
}

function positions(positioned: boolean, lseek: Contract['lseek']): string {
  const at = positioned ? 'pread and pwrite work' : 'pread and pwrite fail with ESPIPE';
  return lseek === 'none'
    ? `${at}, and lseek fails with ESPIPE.`
    : `${at}, and lseek does what it does for files of /proc.`;
}

function log(contract: Contract): string {
  const logged = loggedCallbacks(contract);
  if (contract.log === undefined || logged.length === 0)
    return 'The driver logs nothing, so callbacks are not looked at.';
  return `The kernel log has a line "${contract.log.prefix}: …" for each ${logged.join(', ')}.`;
}

function count(number: number, what: string): string {
  return `${String(number)} ${what}${number === 1 ? '' : 's'}`;
}
