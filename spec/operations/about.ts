import type { OperationName } from '../program.ts';

/** What a target does to perform each operation, for people who write one. A call that fails yields its `errno`. */
export const ABOUT: Readonly<Record<OperationName, string>> = {
  open: 'open(2) of the node with this access mode and these flags (O_…). `ret`: the descriptor’s number.',
  close: 'close(2).',
  dup: 'dup(2). `ret`: the new number.',
  dup2: 'dup2(2), or dup3(2) with flags 0, onto the number that the variable `onto` has. `ret`: the new number.',
  send: 'Sends the descriptor (SCM_RIGHTS) into a socket that all processes of the program share. `ret`: 0.',
  receive:
    'Takes out of that socket the descriptor that was sent first. `ret`: its new number; EAGAIN when there is none.',
  poll: 'poll(2) for POLLIN, POLLPRI and POLLOUT without waiting. `ret`: `revents`, a number.',
  ioctl: 'ioctl(2) with this request.',
  fsync: 'fsync(2) or fdatasync(2).',
  read: 'read(2) into a buffer of the target. `ret`: bytes, `data`: these bytes.',
  pread: 'pread(2), likewise.',
  readv: 'readv(2) into a segment for each length. `data`: the bytes of all segments, one after the other.',
  preadv2: 'preadv2(2) with these flags (RWF_…), likewise; offset -1 stands for the position of the description.',
  write: 'write(2) of these bytes from a buffer of the target. `ret`: what the call returned.',
  pwrite: 'pwrite(2), likewise.',
  writev: 'writev(2) of these segments.',
  pwritev2: 'pwritev2(2) with these flags; offset -1 stands for the position.',
  read_into:
    'read(2), or pread(2) where there is an `offset`, straight into memory of the program at this pointer. No `data`.',
  write_from: 'write(2), or pwrite(2) where there is an `offset`, straight from memory of the program.',
  lseek: 'lseek(2). `ret`: the new position.',
  ftruncate: 'ftruncate(2).',
  fallocate: 'fallocate(2).',
  fadvise: 'posix_fadvise(2); the error that it returns is the `errno`.',
  splice:
    'splice(2) between the description and an empty pipe that nobody else has, without waiting (SPLICE_F_NONBLOCK).',
  sendfile: 'sendfile(2) from the description into an empty pipe, or to it from a regular file of 16 bytes.',
  copy_file_range: 'copy_file_range(2) from one description to the other, at their positions.',
  mmap: 'mmap(2). `ret`: the first page of the mapping, relative to the arena.',
  munmap: 'munmap(2).',
  mprotect: 'mprotect(2).',
  mremap: 'mremap(2). `ret`: the first page of the mapping at its new place.',
  madvise: 'madvise(2).',
  msync: 'msync(2).',
  mlock: 'mlock(2), or mlock2(2) where there are `flags`, even none of them.',
  munlock: 'munlock(2).',
  mlockall:
    'mlockall(2). With `current` it would bring in all that the target has: without `onfault` and `unknown` it is `{"none":"unsafe"}` unless the program has a limit `locked`, which is then too low (ENOMEM).',
  munlockall: 'munlockall(2).',
  mincore: 'mincore(2). `ret`: 0, `data`: a byte for each page, of which only bit 0 counts.',
  clear_refs: 'Writes 4 to /proc/self/clear_refs.',
  load: 'The processor reads these bytes, one after the other, ascending. `ret`: how many, `data`: the bytes. A fault: the signal, and as `data` what was read before it.',
  store:
    'The processor writes these bytes, one after the other, ascending. `ret`: how many. A fault: the signal; what was written before it stays.',
  vm_read: 'process_vm_readv(2) of the memory of the process `of`, one range on each side. `data`: the bytes.',
  vm_write: 'process_vm_writev(2), likewise.',
  mem_read: 'pread(2) of /proc/PID/mem of the process `of`. `data`: the bytes.',
  mem_write: 'pwrite(2) of /proc/PID/mem.',
  fork: 'fork(2): from here on there is a process `to`, a copy of the actor. `ret`: 0.',
  exit: 'The actor ends, and its parent has waited for it. `ret`: 0.',
  checkpoint: 'Nothing; the layout of all processes is observed behind it. `ret`: 0.',
  reload:
    'Unloads the module of the driver and loads it again. `ret`: 0; EWOULDBLOCK (`EAGAIN`) while it is in use: by a descriptor of any process, by one under way in the socket of `send`, or by a mapping.',
};
