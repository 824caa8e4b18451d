#ifndef WORKER_H
#define WORKER_H

/* How a worker ends. */
enum worker_exit {
	/* `stop`, or the end of the input: all is done. */
	WORKER_DONE = 0,
	/* It cannot go on; a new one does, from the control block. */
	WORKER_REPLACE = 10,
	/* Standard output is closed. */
	WORKER_UNREAD = 11,
	/* It could not even start. */
	WORKER_BROKEN = 12,
};

/* The life of the process that reads commands and is the first process of every program. */
void worker_main(void) __attribute__((noreturn));

#endif
