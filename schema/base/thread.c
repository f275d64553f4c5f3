#include "thread.h"

#include <signal.h>
#include <stddef.h>

static void *run(void *argument)
{
	struct thread *thread = argument;

	thread->result = thread->run(thread->context);
	return NULL;
}

void thread_start(struct thread *thread)
{
	sigset_t all, before;

	thread->started = true;
	/* The new one inherits the mask. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	thread->beside = pthread_create(&thread->id, NULL, run, thread) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!thread->beside)
		run(thread);
}

int thread_end(struct thread *thread)
{
	if (thread->beside)
		pthread_join(thread->id, NULL);
	thread->beside = false;
	return thread->result;
}
