#ifndef FAULTS_H
#define FAULTS_H

#include <stddef.h>
#include <stdint.h>

/* What became of a guarded access. */
struct access_result {
	/* Bytes accessed before the fault, if any. */
	size_t progress;
	/* 0: no fault. */
	int signal;
	int code;
	uintptr_t address;
};

/* Installs the handler, once; forked processes inherit it. */
void faults_setup(void);

/* Byte accesses in ascending order, each exactly once, that survive SIGSEGV and SIGBUS. */
struct access_result faults_load(uintptr_t from, uint8_t *to, size_t length);
struct access_result faults_store(uintptr_t to, const uint8_t *from, size_t length);

#endif
