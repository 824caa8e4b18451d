/** Every error that the simulated system calls know. */
export type Errno =
  | 'EACCES'
  | 'EBADF'
  | 'EEXIST'
  | 'EINVAL'
  | 'EMFILE'
  | 'ENOMEM'
  | 'ENOSPC'
  | 'EOPNOTSUPP'
  | 'EOVERFLOW'
  | 'EPERM'
  | 'ESPIPE';

/** What a system call returns: a number on success (pages below the arena are negative), else an errno. */
export type Result = number | Errno;
