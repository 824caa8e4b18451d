#ifndef BOUNDS_H
#define BOUNDS_H

/* Variable names have one to three digits, and "1", "01" and "001" are different names: 10 + 100 + 1000 slots. */
#define SLOT_COUNT 1110
/* The process that every program starts with. */
#define FIRST_ACTOR 0

/* Pages in which programs map on purpose, and on each side of them pages that never change. */
#define ARENA_PAGES 32
#define GUARD_PAGES 16

/* Standard input, output and error lie below; the first descriptor of a program is 3 and is reported as 0. */
#define FIRST_DESCRIPTOR 3
/* The helper's own descriptors start here, and programs are limited to those below. */
#define HELPER_DESCRIPTOR 500

/* The longest transfer of one operation, in bytes. */
#define DATA_MAX 65536
/* How often a driver may do something before it fails. */
#define FAILURE_NTH_MAX 1000
/* Segments of one vector. */
#define SEGMENTS_MAX 4

/* Bytes of address space that are set aside; memory is used only for what is really stored there. */
#define INPUT_MAX ((size_t)64 << 20)
#define OUTPUT_MAX ((size_t)256 << 20)
#define JSON_MAX ((size_t)256 << 20)
#define SCRATCH_MAX ((size_t)64 << 20)
#define CONTRACT_MAX ((size_t)64 << 10)

#define MESSAGE_MAX 512

#endif
