#ifndef MEMFD_H
#define MEMFD_H

#include "backend.h"

/* The calls of the memfd backend that move bytes. */
ssize_t memfd_read(const struct contract *contract, int fd, void *to, size_t length);
ssize_t memfd_pread(const struct contract *contract, int fd, void *to, size_t length, int64_t offset);
ssize_t memfd_readv(const struct contract *contract, const struct transfer *transfer);
ssize_t memfd_write(const struct contract *contract, int fd, const void *from, size_t length);
ssize_t memfd_pwrite(const struct contract *contract, int fd, const void *from, size_t length, int64_t offset);
ssize_t memfd_writev(const struct contract *contract, const struct transfer *transfer);
int64_t memfd_lseek(const struct contract *contract, int fd, int64_t offset, int whence);

#endif
