/*
 * A function that runs beside its caller, once: for waiting in several places at the same time.
 *
 *     struct thread listing = {.run = list_target, .context = &worlds};
 *     thread_start(&listing);
 *     …
 *     if (thread_end(&listing) < 0) …
 *
 * What both of them touch meanwhile must be made for it: the log is, symbol pools between sym_share() and
 * sym_unshare(), and nothing else is.
 */
#ifndef ZSCTL_THREAD_H
#define ZSCTL_THREAD_H

#include <pthread.h>
#include <stdbool.h>

struct thread {
	int (*run)(void *context);
	void *context;
	/* Private, but for `started`: thread_start() has been called. */
	pthread_t id;
	bool started, beside;
	int result;
};

/* Where no thread is to be had, runs it to its end at once. Signals go to other threads. */
void thread_start(struct thread *thread);
/* Waits for its end; returns what `run` returned. */
int thread_end(struct thread *thread);

#endif
